"""What a command module says: the reply, and what follows from it."""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.journal.event import Event
from pymta.mail.reply import Reply
from pymta.session.pace import Enough


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_fault`: a syntax or protocol error, counted by SS-05.  `events` go to the log.

    `delay`: seconds for which the reply is held back.  `enough`: what ends the session instead.
    `drops`: the connection ends with this reply (SS-04).
    """

    reply: Reply
    is_fault: bool = False
    events: tuple[Event, ...] = ()
    delay: float = 0
    enough: Enough | None = None
    drops: bool = False


def fault(reply: Reply) -> Answer:
    return Answer(reply, is_fault=True)
