"""What becomes of a frozen message that nobody thaws?

    failed, and nobody can be told    `ignore_bounce_errors_after` it came it is tried once more; it
                                      is gone when that fails, or put off as any other
    frozen for other reasons          `auto_thaw` after it was frozen it is tried again;
                                      `timeout_frozen_after` that it is given up, and its sender is
                                      told

So whatever a policy or an operator wanted to be seen stays as long as the settings say, however old
it was when it was frozen; a report, which is seldom missed, has its time from the first.  What is
held stays for ever.
"""

from __future__ import annotations

from enum import Enum, auto

from pymta.config.queue import Queue
from pymta.mail.envelope import Envelope
from pymta.spool.alarm import Still, is_out_of_reach, still_since
from pymta.spool.outcomes import State


class End(Enum):
    LAST_TRY = auto()
    THAW = auto()
    CANCEL = auto()


def ends(why: Still, since: float, queue: Queue) -> dict[End, float]:
    """What is to come, and when: in seconds since the epoch, the earliest first.

    `since` as in `pymta.spool.alarm`.
    """
    if why is Still.UNTOLD:
        return {End.LAST_TRY: since + queue.ignore_bounce_errors_after}
    if why is Still.HELD:
        return {}
    waits = {End.THAW: queue.auto_thaw, End.CANCEL: queue.timeout_frozen_after}
    found = {end: since + wait for end, wait in waits.items() if wait}
    return dict(sorted(found.items(), key=lambda one: one[1]))


def ends_of(envelope: Envelope, state: State, queue: Queue) -> dict[End, float]:
    """Of a message that is frozen."""
    if state.held:
        return {}
    if state.is_untold:
        return ends(Still.UNTOLD, envelope.received_at, queue)
    return ends(Still.FROZEN, state.frozen_since or envelope.received_at, queue)


def end_now(found: dict[End, float], now: float) -> End | None:
    """What is to be done; None: it stays as it is."""
    come = [end for end, at in found.items() if at <= now]
    return End.CANCEL if End.CANCEL in come else next(iter(come), None)


def is_past(due: float, now: float, queue: Queue) -> bool:
    """Of an alarm, is it that of a message which stays frozen no longer?"""
    return is_out_of_reach(due, now) and bool(end_now(ends(*still_since(due, now), queue), now))


def next_look(due: float, now: float, queue: Queue) -> float | None:
    """When is anything to be done for a message with this alarm?  None: never."""
    if not is_out_of_reach(due, now):
        return due
    return next((at for at in ends(*still_since(due, now), queue).values() if at > now), None)


def is_ignored(envelope: Envelope, queue: Queue, now: float) -> bool:
    """May a message whose failure can be told to nobody go at once?"""
    return now >= envelope.received_at + queue.ignore_bounce_errors_after
