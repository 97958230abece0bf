"""Whose turn is it?  What a client may send before it has read our reply (smtp_enforce_sync).

Software that only spams pours a whole session out without listening.  So nothing may come before
the greeting, and some commands must be the last of what was sent (RFC 2920 s3.1).  Which, depends
on whether PIPELINING was offered, which happens with EHLO.

Behind STARTTLS nothing may come from anybody: somebody on the way would have put it there.
"""

from __future__ import annotations

from pymta.smtp.command import BadSyntax, Command, Unknown, Verb
from pymta.smtp.server import Misplaced

# These change what we offer or what is read next, so a client cannot know how to go on.
_LAST_ALWAYS = frozenset(
    {
        Verb.HELO,
        Verb.EHLO,
        Verb.DATA,
        Verb.VRFY,
        Verb.EXPN,
        Verb.NOOP,
        Verb.ETRN,
        Verb.STARTTLS,
        Verb.XCLIENT,
    }
)
_LAST_WITHOUT_PIPELINING = _LAST_ALWAYS | {Verb.MAIL, Verb.RCPT, Verb.RSET, Verb.HELP}


def line_out_of_turn(
    event: Command | Unknown | BadSyntax | Misplaced, *, is_pipelining: bool, is_enforced: bool
) -> bytes | None:
    """The line of a command after which more had come already, when it must be the last.

    A verb that we do not know must be: what stands behind it is for a server of another kind.
    `is_enforced` is smtp_enforce_sync for this client.
    """
    match event:
        case Command(Verb.STARTTLS, line=line):
            return line
        case _ if not is_enforced:
            return None
        case Unknown(line):
            return line
        case BadSyntax(line=line, verb=verb) | Command(line=line, verb=verb):
            pass
        case Misplaced(Command(line=line, verb=verb)):
            pass
    last = _LAST_ALWAYS if is_pipelining else _LAST_WITHOUT_PIPELINING
    return line if verb in last else None
