"""A queue run, from its first message to its last.

Started by the daemon's alarm, by pymta-queue.service, or by hand (`by` of the selection says
which); it runs in a process of its own and gives that process's exit status:

    0    the pass is complete, or SIGTERM or SIGINT ended it in good order
    75   EX_TEMPFAIL: the spool could not be read, or no delivery process could work

Touches: disk, processes, signals, clock, randomness.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.config.settings import Settings
from pymta.journal import queue_events
from pymta.journal.log import Log
from pymta.queue.due import due, in_random_order
from pymta.queue.runner import Runner, deliver_with
from pymta.queue.stop import Stop
from pymta.spool.files import FileSpool
from pymta.spool.store import SpoolError

DONE = 0
TRY_LATER = 75


def main(settings: Settings, log: Log, selection: Selection) -> int:
    """One pass; closes the log at its end."""
    try:
        return _run(settings, log, selection)
    except SpoolError as error:
        log.write(queue_events.no_spool(str(error.strerror)))
        return TRY_LATER
    finally:
        log.close()


def _run(settings: Settings, log: Log, selection: Selection) -> int:
    pid = os.getpid()
    log.write(queue_events.started(pid, selection.flags, selection.by))
    spool = FileSpool(Path(settings.machine.state_directory, "spool"), tell=log.write)
    with Stop() as stop:
        spool.sweep()
        runner = Runner(
            _ordered(settings, due(spool.waiting(), selection, time.time())),
            deliver_with(settings, log, force=selection.force),
            log,
            stop,
            most=settings.queue.deliver_max,
            grace=settings.queue.shutdown_grace,
        )
        could_work = runner.run()
    if not could_work:
        log.write(queue_events.abandoned(pid))
    attempted = runner.attempted
    log.write(queue_events.ended(pid, selection.flags, selection.by, attempted=attempted))
    return DONE if could_work else TRY_LATER


def _ordered(settings: Settings, ids: Iterable[str]) -> Iterable[str]:
    if settings.queue.queue_run_in_order:
        return ids
    return in_random_order(ids, random.Random())  # noqa: S311 (an order, not a secret)
