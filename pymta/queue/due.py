"""Which messages a queue run takes, and in which order.

Asked once per message, for a hundred thousand of them: it looks at what the listing says and
never into a message.  A frozen message is due in a time that no run lives to see, so only force
takes it.

A random order is the default of the classic daemon: a run that is cut short again and again then
still comes to every message, and one bad destination does not stand before all others each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pymta.channel.selection import Selection
from pymta.spool.store import Waiting


class Dice(Protocol):
    """What we need of `random.Random`."""

    def shuffle(self, x: list[str], /) -> None: ...


def is_due(message: Waiting, selection: Selection, now: float) -> bool:
    """Does this run take the message?  `now` in seconds since the epoch."""
    if selection.ids and message.id not in selection.ids:
        return False
    if selection.first_only and not message.is_first:
        return False
    return selection.force or message.due <= now


def due(waiting: Iterable[Waiting], selection: Selection, now: float) -> Iterator[str]:
    """The ids to attempt, in the order of `waiting`."""
    return (message.id for message in waiting if is_due(message, selection, now))


def in_random_order(ids: Iterable[str], dice: Dice) -> Iterator[str]:
    shuffled = list(ids)
    dice.shuffle(shuffled)
    return iter(shuffled)
