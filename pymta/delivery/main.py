"""The life of a delivery worker: one message after another, until nobody wants any more.

    0    nothing more to do: Drain, the end of the channel, or SIGTERM
    1    a mistake of ours in the middle of a message; it is logged, and the message stays queued
    75   EX_TEMPFAIL: other processes hold every place on the host; no order was read, so the
         parent keeps the message for later

It is the forked child of the supervisor or of a queue run, which leaves the process with what
`main` returns.  It opens spool and hints itself.

Touches: processes, disk, sockets, signals, clock.
"""

from __future__ import annotations

import time
import traceback
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from pymta.channel.pair import End
from pymta.channel.reach import Reach
from pymta.channel.words import NO_PLACE, Attempted
from pymta.config.queue import kept_for_local
from pymta.config.settings import Settings
from pymta.delivery.afterwards import Afterwards
from pymta.delivery.one_message import attempt
from pymta.delivery.parent import Parent
from pymta.delivery.real_world import make_world
from pymta.delivery.slots import Place, take_place, wait_for_place
from pymta.journal import delivery_events
from pymta.journal.log import Log
from pymta.journal.process_info import told_on_signal
from pymta.transport.caller import Caller

DONE = 0
CRASHED = 1
WAITS = "waiting for a message"
PATIENCE = 1.0  # seconds to wait for a place; the parent waits better than we do


def main(
    channel: End,
    settings: Settings,
    log: Log,
    *,
    force: bool = False,
    thaw: bool = False,
    is_local: bool = False,
) -> int:
    """Deliver what the parent orders; closes the log at its end.

    `force` and `thaw` as in `pymta.delivery.world`.  `is_local`: the first message is new, and for
    mailboxes here.
    """
    try:
        place = _take_place(settings, log, is_local=is_local)
        if place is None:
            return NO_PLACE
        try:
            return _work(channel, settings, log, place, force=force, thaw=thaw)
        finally:
            place.leave()
    finally:
        log.close()


def _take_place(settings: Settings, log: Log, *, is_local: bool) -> Place | None:
    most = settings.queue.deliver_max
    try:
        return wait_for_place(
            Path(settings.machine.state_directory, "run"),
            range(most if is_local else most - kept_for_local(most)),
            patience=PATIENCE,
            clock=time.monotonic,
            sleep=time.sleep,
        )
    except OSError as error:
        log.write(delivery_events.no_place(str(error)))
        return None


def _has_to_leave(place: Place, settings: Settings) -> bool:
    """Its place is one of those for local mail, and there is no other for whatever comes next."""
    common = settings.queue.deliver_max - kept_for_local(settings.queue.deliver_max)
    if place.number < common:
        return False
    with suppress(OSError):
        other = take_place(Path(settings.machine.state_directory, "run"), range(common))
        if other:
            place.change_to(other)
            return False
    return True


def _work(
    channel: End, settings: Settings, log: Log, place: Place, *, force: bool, thaw: bool
) -> int:
    parent = Parent(channel)
    caller = Caller(settings.transport, settings.hostname, tell=log.write)
    world = make_world(channel.say, settings, log, parent.is_over, caller, force=force, thaw=thaw)
    afterwards = Afterwards(world.spool, world.waits, log.write)
    world = replace(world, gone=afterwards.add)
    worlds = {reach: replace(world, reach=reach) for reach in Reach}
    does = WAITS

    def meanwhile() -> float | None:
        return _first(caller.close_idle(), afterwards.in_time())

    with told_on_signal(settings, lambda: does), closing(caller), closing(afterwards):
        while (order := parent.next(meanwhile=meanwhile)) is not None:
            does = f"delivering {order.id}"
            try:
                attempt(order.id, worlds[order.reach])
            except Exception:  # noqa: BLE001 - our own fault costs one attempt; the message stays
                log.write(delivery_events.crashed(order.id, traceback.format_exc()))
                return CRASHED
            channel.say(Attempted(order.id))
            does = WAITS
            if _has_to_leave(place, settings):
                return NO_PLACE
    return DONE


def _first(*waits: float | None) -> float | None:
    """The shortest of those that there are."""
    return min((wait for wait in waits if wait is not None), default=None)
