"""What policy says.

    Pass        nothing: whoever comes next is asked
    Accept      yes, and nobody else of this stage is asked
    Relay       yes, and this recipient may be somebody else's: the one word that opens a relay
    Queue       yes, but the message waits for a queue run (ID-06)
    Freeze      yes, but the message waits for the operator
    Discard     yes, says the client's reply; the message, or this recipient, is thrown away
    Defer       not now: 4xx
    Refuse      no: 5xx
    Drop        no, and the connection is closed

A yes is no more than the absence of a no: limits, the existence of a mailbox and the bounds of
relaying hold whatever policy accepts.

A text without words gets those that are usual at the stage.  What a client may have written stands
in no text unless it was made printable; `Reply` takes care of the rest.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass

_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_UNPRINTABLE = re.compile(r"[^\n -~]")
LONGEST_LINE = 400  # characters; with code and all below the 512 octets of RFC 5321 s4.5.3.1.5
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Pass:
    """No opinion."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Taken, as far as policy is concerned."""


@dataclass(frozen=True, slots=True)
class Relay:
    """At rcpt only; elsewhere it is the same as `Accept`."""


@dataclass(frozen=True, slots=True)
class Queue:
    """`routes`: it is routed and delivered on this machine all the same (N-42)."""

    routes: bool = False


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nobody tries to deliver it until the operator has seen to it."""


@dataclass(frozen=True, slots=True)
class Discard:
    """`text` is for the log."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Defer:
    """`code` from 400 to 499, 421 closes the connection, too (RFC 5321 s3.8).

    `log` is what the log says where that is another thing than text.
    """

    text: str = ""
    code: int = 451
    enhanced: str = "4.7.1"
    log: str = ""

    def __post_init__(self) -> None:
        check_code(self.code, self.enhanced, "4")


@dataclass(frozen=True, slots=True)
class Refuse:
    """`code` from 500 to 599."""

    text: str = ""
    code: int = 550
    enhanced: str = "5.7.1"
    log: str = ""

    def __post_init__(self) -> None:
        check_code(self.code, self.enhanced, "5")


@dataclass(frozen=True, slots=True)
class Drop:
    """`code` from 400 to 599: 421 says "come again", 554 says "do not"."""

    text: str = ""
    code: int = 554
    enhanced: str = "5.7.1"
    log: str = ""

    def __post_init__(self) -> None:
        check_code(self.code, self.enhanced, "45")


Verdict = Pass | Accept | Relay | Queue | Freeze | Discard | Defer | Refuse | Drop
Refusal = Defer | Refuse | Drop


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict, and by whom: `rule` is a name for the log, "" where nobody had an opinion.

    `delay` are seconds that the reply is to be held back, whatever it is.
    """

    verdict: Verdict
    rule: str = ""
    delay: float = 0.0


NO_OPINION = Ruling(Pass())


def check_code(code: int, enhanced: str, classes: str) -> None:
    """Raises ValueError when they are no such reply, or do not fit each other (RFC 2034 s4)."""
    wanted = " or ".join(f"{one}xx" for one in classes)
    if not 200 <= code <= 599 or str(code)[0] not in classes:
        raise ValueError(f"want a reply code {wanted}, not {code!r}")
    if enhanced and not _ENHANCED.fullmatch(enhanced):
        raise ValueError(f'want an enhanced status code such as "{classes[0]}.7.1"')
    if enhanced and enhanced[0] != str(code)[0]:
        raise ValueError(f'the enhanced status code of {code} begins with "{str(code)[0]}."')


def safe_text(text: str) -> str:
    """For a reply: printable ASCII in lines of bounded length, whoever wrote it."""
    lines = _UNPRINTABLE.sub("?", text.replace("\r\n", "\n")).strip().split("\n")
    return "\n".join(line[:LONGEST_LINE] for line in lines[:MOST_LINES])
