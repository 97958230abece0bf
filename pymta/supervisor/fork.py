"""Birth of a child: forget everything that is the parent's, live, and never come back.

The parent is single-threaded; nothing is buffered across the fork.  What a child may need is
imported here, before the first fork, so that an upgrade under our feet cannot mix versions.

Touches: processes, descriptors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from pymta.channel.call import Call
from pymta.channel.life import Life, close_all_but, live_and_leave
from pymta.channel.pair import End, make_pair
from pymta.channel.selection import Selection
from pymta.config.settings import Settings
from pymta.delivery import main as delivery
from pymta.journal.log import Log
from pymta.queue import main as queue
from pymta.session import main as session
from pymta.supervisor import queue_count, signals


class NoChannelError(OSError):
    """There is no descriptor for another channel; nothing was forked."""


Sessions = session.Sessions  # the supervisor makes them, and knows no more of them
rehearse = session.rehearse


def session_life(call: Call, sessions: Sessions, channel: End) -> Life:
    return lambda: session.main(call, sessions, channel)


def delivery_life(channel: End, settings: Settings, log: Log, *, is_local: bool = False) -> Life:
    def life() -> int:
        _fall_silent(settings, log)
        return delivery.main(channel, settings, log, is_local=is_local)

    return life


def count_life(channel: End, settings: Settings) -> Life:
    return lambda: queue_count.count(channel, settings)


def queue_life(settings: Settings, log: Log, selection: Selection) -> Life:
    def life() -> int:
        if debug := log.debug:
            debug(f"Starting queue-runner: pid {os.getpid()}")
        _fall_silent(settings, log)
        return queue.main(settings, log, selection)

    return life


def _fall_silent(settings: Settings, log: Log) -> None:
    """QR-05: -dd is for the daemon alone."""
    if settings.launch.debugs_daemon_only:
        log.debug = None


def fork(life: Life, keep: Iterable[int]) -> int:
    """The pid of a new child that lives `life`; its result is the exit status.

    `keep` are the descriptors that the child needs; all others above 2 are closed in it, among
    them listeners and the parent's ends of its siblings' channels: a sibling must see the end of
    its channel when the parent dies.  Raises OSError when there can be no more processes.
    """
    # Until the child has put the parent's handlers away, a signal for the child would wake the
    # parent: both write to one wakeup descriptor.
    signals.block()
    try:
        pid = os.fork()
        if not pid:
            live_and_leave(lambda: _be_born(life, keep))
    finally:
        signals.unblock()
    return pid


def fork_with_channel(life_of: Callable[[End], Life], keep: Iterable[int]) -> tuple[int, End]:
    """The pid of a new child, and our end of its channel; `life_of` is given the child's end.

    Raises OSError when there can be no more processes, and NoChannelError, which is one.
    """
    try:
        ours, theirs = make_pair()
    except OSError as error:
        raise NoChannelError(error.errno, error.strerror) from error
    try:
        pid = fork(life_of(theirs), (theirs.fileno(), *keep))
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return pid, ours


def _be_born(life: Life, keep: Iterable[int]) -> int:
    signals.put_back()
    signals.unblock()
    close_all_but(keep)
    return life()
