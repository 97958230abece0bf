"""What a session needs of the world, handed in: so that a test can hand in another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymta.channel.words import HandOn
from pymta.journal.event import Event
from pymta.spool.store import Spool


@dataclass(frozen=True, slots=True)
class World:
    """`now` gives seconds since the epoch, `date` writes them as mail does, in local time.

    `tell` writes to the log.  `hand_on` gives an id to the supervisor without waiting; whether it
    was heard makes no difference here, because an id that nobody heard is safe in the spool.
    """

    spool: Spool
    tell: Callable[[Event], None]
    hand_on: Callable[[HandOn], object]
    now: Callable[[], float]
    date: Callable[[float], str]
