"""Birth of a child: forget everything that is the parent's, live, and never come back.

The parent is single-threaded; nothing is buffered across the fork.  What a child may need is
imported here, before the first fork, so that an upgrade under our feet cannot mix versions.

Touches: processes, descriptors.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterable

from pymta.channel.call import Call
from pymta.channel.pair import End
from pymta.channel.selection import Selection
from pymta.config.settings import Settings
from pymta.delivery import main as delivery
from pymta.journal.log import Log
from pymta.queue import main as queue
from pymta.session import main as session
from pymta.spool.store import Spool
from pymta.supervisor import signals

BUG = 70  # EX_SOFTWARE: an exception that no main had expected
FIRST_FD = 3  # 0-2 are the null device, the terminal or the journal's stream

Life = Callable[[], int]


def session_life(call: Call, settings: Settings, spool: Spool, log: Log, channel: End) -> Life:
    return lambda: session.main(call, settings, spool, log, channel)


def delivery_life(channel: End, settings: Settings, log: Log) -> Life:
    return lambda: delivery.main(channel, settings, log)


def queue_life(settings: Settings, log: Log, selection: Selection) -> Life:
    return lambda: queue.main(settings, log, selection)


def fork(life: Life, keep: Iterable[int]) -> int:
    """The pid of a new child that lives `life`; its result is the exit status.

    `keep` are the descriptors that the child needs; all others above 2 are closed in it, among
    them listeners and the parent's ends of its siblings' channels: a sibling must see the end of
    its channel when the parent dies.  Raises OSError when there can be no more processes.
    """
    pid = os.fork()
    if pid:
        return pid
    status = BUG
    try:
        signals.put_back()
        close_all_but(keep)
        status = life()
    except BaseException:  # noqa: BLE001 - the last guard: nothing may climb the parent's stack
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor from 3 up but these, in few system calls.

    The parent's socket objects stay behind with dead numbers; they are never collected, because
    the child never returns from `fork`.
    """
    below = FIRST_FD
    for fd in sorted(keep):
        os.closerange(below, fd)
        below = max(below, fd + 1)
    os.closerange(below, os.sysconf("SC_OPEN_MAX"))
