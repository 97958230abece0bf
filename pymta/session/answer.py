"""What a command module says: the reply, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.journal.event import Event
from pymta.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_fault`: a syntax or protocol error, counted by SS-05.  `events` go to the log."""

    reply: Reply
    is_fault: bool = False
    events: tuple[Event, ...] = ()


def fault(reply: Reply) -> Answer:
    return Answer(reply, is_fault=True)
