"""Which messages a queue run takes, and in which order.

Asked once per message, for a hundred thousand of them: it looks at what the listing says, and into
a message only when a run is for certain addresses.  A frozen message is due in a time that no run
lives to see, so only force takes it, or the end of its time (`pymta.retry.frozen`).

A random order is the default of the classic daemon: a run that is cut short again and again then
still comes to every message, and one bad destination does not stand before all others each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from pymta.channel.selection import Selection
from pymta.config.queue import Queue
from pymta.dataclass import dataclass
from pymta.retry.frozen import is_past
from pymta.spool.alarm import has_come, is_out_of_reach
from pymta.spool.recipients import written
from pymta.spool.store import Message, SpoolError, Waiting

Peek = Callable[[str], Message | None]
Finder = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Times:
    """`longest` is for how many seconds a retry rule may put somebody off.

    `queue` are the settings that say how long a frozen message stays.
    """

    longest: float
    queue: Queue


class Dice(Protocol):
    """What we need of `random.Random`."""

    def shuffle(self, x: list[str], /) -> None: ...


def is_due(message: Waiting, selection: Selection, now: float, times: Times) -> bool:
    """Does this run take the message?  `now` in seconds since the epoch."""
    if not _is_named(message.id, selection):
        return False
    if selection.first_only and not message.is_first:
        return False
    if is_out_of_reach(message.due, now):
        # Whoever is forced is thawed and tried; what only has had its time may be given up instead.
        return selection.thaw if selection.force else is_past(message.due, now, times.queue)
    return selection.force or has_come(message.due, now, times.longest)


def due(
    waiting: Iterable[Waiting],
    selection: Selection,
    now: float,
    times: Times,
    peek: Peek,
) -> Iterator[str]:
    """The ids to attempt, in the order of `waiting`; `peek` reads a message."""
    concerns = _concerns(selection, peek)
    named, whoever = frozenset(selection.ids), replace(selection, ids=())  # they may be very many
    for message in waiting:
        if named and message.id not in named:
            continue
        if is_due(message, whoever, now, times) and concerns(message.id):
            yield message.id


def finder(text: str, *, is_pattern: bool) -> Finder:
    """Is the text in an address, or something that fits the pattern?  Upper and lower case are one.

    Raises re.error for a text that is no pattern.
    """
    if is_pattern:
        found = re.compile(text, re.IGNORECASE)
        return lambda address: found.search(address) is not None
    wanted = text.lower()
    return lambda address: wanted in address.lower()


def forced_first(selection: Selection) -> Selection | None:
    """Of a run for certain addresses the first message is tried whatever its time; the rest not.

    None when there is nothing to force beyond what `selection` says itself.
    """
    if selection.force or not (selection.recipients or selection.senders):
        return None
    return replace(selection, force=True)


def stages(selection: Selection) -> tuple[Selection, ...]:
    """The passes of a run: one, or first all local recipients and then everybody (-qq)."""
    if not selection.two_stage:
        return (selection,)
    return (replace(selection, local_only=True), selection)


def in_random_order(ids: Iterable[str], dice: Dice) -> Iterator[str]:
    shuffled = list(ids)
    dice.shuffle(shuffled)
    return iter(shuffled)


def _is_named(id: str, selection: Selection) -> bool:
    if selection.ids and id not in selection.ids:
        return False
    return selection.first_id <= id and (not selection.last_id or id <= selection.last_id)


def _concerns(selection: Selection, peek: Peek) -> Finder:
    """Is a message for, or from, somebody whom the run is for?"""
    if not (selection.recipients or selection.senders):
        return lambda _id: True
    is_sender = finder(selection.senders, is_pattern=selection.senders_are_pattern)
    is_recipient = finder(selection.recipients, is_pattern=selection.recipients_are_pattern)

    def concerns(id: str) -> bool:
        try:
            message = peek(id)
        except SpoolError:  # whoever attempts it sets it aside, or tells what the disk says
            return True
        if message is None:  # delivered since the listing
            return False
        envelope = message.envelope
        addresses = written(envelope, message.state)
        pending = (addresses[n] for n in message.state.pending)
        return is_sender(envelope.sender) and any(map(is_recipient, pending))

    return concerns
