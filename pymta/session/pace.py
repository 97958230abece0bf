"""How much nonsense one connection may send (SS-05): counts in, a last reply out.

    commands outside of transactions        smtp_accept_max_nonmail
    verbs that nobody knows                 smtp_max_unknown_commands
    syntax and protocol errors, these too   smtp_max_synprot_errors
    what was refused without being wrong    smtp_max_refused_commands

Per message one RSET, one HELO or EHLO and one STARTTLS are free, and the hello after that; so is
the first AUTH of a connection, and the first inside its TLS.  What may hold a password is never
quoted: not AUTH, and nothing that follows one before a login succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field

from pymta.config.session import Session
from pymta.dataclass import dataclass
from pymta.journal.session_events import BAD_COMMANDS
from pymta.mail.reply import Reply
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.smtp.command import Verb

_MAIL = frozenset({Verb.MAIL, Verb.RCPT, Verb.DATA, Verb.BDAT, Verb.QUIT})
_FREE_ONCE = frozenset({Verb.RSET, Verb.HELO, Verb.EHLO, Verb.STARTTLS, Verb.AUTH})
_SECRET = re.compile(rb"^[ \t]*AUTH.*", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_FULL = "4.5.3"  # too many recipients (RFC 3463 s3.6): the client goes on with those it has
_QUOTED = 150  # octets of a line in the log, as the classic daemon shows of an early talker


@dataclass(frozen=True, slots=True)
class Enough:
    """The reply that ends the session, why for the log, the exit status of SS-03, that of N-08."""

    reply: Reply
    why: str
    status: int
    reason: str = BAD_COMMANDS


@dataclass(slots=True)
class Pace:
    """`is_counted`: do commands outside of transactions count for this caller?  It may look up.

    `explain` hears of a limit that was reached.
    """

    limits: Session
    is_counted: Callable[[], bool] = lambda: True
    nonmail: int = 0
    unknown: int = 0
    faults: int = 0
    refused: int = 0
    spent: set[Verb] = field(default_factory=set)  # the free ones used since the last message
    may_hold_secrets: bool = False
    explain: Explain = nobody_asks

    def next_message(self) -> None:
        self.spent &= {Verb.AUTH}

    def begins_anew(self) -> None:
        """After STARTTLS or XCLIENT he must introduce himself, for which nobody can blame him."""
        self.spent -= {Verb.HELO, Verb.EHLO, Verb.AUTH}

    def command(self, verb: Verb) -> Enough | None:
        """Before it is carried out."""
        self.may_hold_secrets |= verb is Verb.AUTH
        if verb in _MAIL:
            return None
        if verb in _FREE_ONCE and verb not in self.spent:
            self.spent.add(verb)
            return None
        self.nonmail += 1
        if self.nonmail <= self.limits.smtp_accept_max_nonmail or not self.is_counted():
            return None
        self.explain(Decision("smtp_accept_max_nonmail", f"{self.nonmail} commands"))
        why = f'too many nonmail commands (last was "{verb.name}")'
        return Enough(Reply(554, "Too many nonmail commands", "5.7.0"), why, 1)

    def unknown_verb(self, line: bytes) -> Enough | None:
        last = self.quote(line)
        self.unknown += 1
        if self.unknown <= self.limits.smtp_max_unknown_commands:
            return None
        self.explain(Decision("smtp_max_unknown_commands", f"{self.unknown} commands"))
        why = f'too many unrecognized commands (last was "{last}")'
        return Enough(Reply(500, "Too many unrecognized commands", "5.5.1"), why, 0)

    def fault(self, reply: Reply, quoted: str) -> Enough | None:
        """`reply` is what the error alone would get; it becomes the first line of the last one."""
        self.faults += 1
        if self.faults <= self.limits.smtp_max_synprot_errors:
            return None
        self.explain(Decision("smtp_max_synprot_errors", f"{self.faults} errors"))
        text = f"{reply.text}\nToo many syntax or protocol errors"
        why = f'too many syntax or protocol errors (last command was "{quoted}")'
        return Enough(Reply(reply.code, text, reply.enhanced), why, 1, reason="bad-command-synprot")

    def refusal(self, reply: Reply, quoted: str) -> Enough | None:
        """Nobody is to blame for one; but each may cost us a look-up and a line in the log."""
        if reply.enhanced == _FULL:
            return None
        self.refused += 1
        most = self.limits.smtp_max_refused_commands
        if not most or self.refused <= most:
            return None
        self.explain(Decision("smtp_max_refused_commands", f"{self.refused} commands"))
        text = f"{reply.text}\nToo many refused commands"
        why = f'too many refused commands (last was "{quoted}")'
        return Enough(Reply(reply.code, text, reply.enhanced), why, 1)

    def quote(self, line: bytes) -> str:
        """A command line as the log may show it."""
        if line.lstrip(b" \t")[:4].upper() == b"AUTH":
            self.may_hold_secrets = True
            return "AUTH"
        return self.quote_following(line)

    def quote_following(self, data: bytes) -> str:
        """What came behind a command."""
        return "(not shown)" if self.may_hold_secrets else quotable(data)


def unreadable_chunk(why: str, quoted: str) -> Enough:
    """A BDAT that does not say how long it is."""
    return Enough(Reply(501, why, "5.5.4"), f'malformed BDAT (last command was "{quoted}")', 1)


def quotable(data: bytes) -> str:
    """Octets of a client for the log: the beginning, and nothing that an AUTH line gives away."""
    return _SECRET.sub(b"AUTH", data)[:_QUOTED].decode("ascii", "backslashreplace")
