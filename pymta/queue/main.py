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
from collections.abc import Iterable, Iterator
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.config.settings import Settings
from pymta.journal import queue_events
from pymta.journal.log import Log
from pymta.journal.process_info import told_on_signal
from pymta.queue.due import due, forced_first, in_random_order, stages
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
    with Stop() as stop:
        run = _Run(settings, log, stop)
        with told_on_signal(settings, lambda: run.does):
            could_work = run.sweep_and_go(selection)
    if not could_work:
        log.write(queue_events.abandoned(pid))
    log.write(queue_events.ended(pid, selection.flags, selection.by, attempted=run.attempted))
    return DONE if could_work else TRY_LATER


class _Run:
    """One run: its passes over the spool, and how many attempts came of them."""

    def __init__(self, settings: Settings, log: Log, stop: Stop) -> None:
        self._settings = settings
        self._log = log
        self._stop = stop
        self._spool = FileSpool(Path(settings.machine.state_directory, "spool"), tell=log.write)
        self._is_stopped = False
        self._runner: Runner | None = None
        self.attempted = 0

    @property
    def does(self) -> str:
        """For whoever asks with SIGUSR1."""
        busy = self._runner.busy if self._runner else {}
        waits = ", ".join(f"{id} ({pid})" for pid, id in busy.items())
        return f"running queue: waiting for {waits}" if waits else "running queue"

    def sweep_and_go(self, selection: Selection) -> bool:
        """False: delivery processes could not work."""
        self._spool.sweep()
        return all(self._stage(stage) for stage in stages(selection))

    def _stage(self, selection: Selection) -> bool:
        forced = forced_first(selection)
        if forced is None:
            return self._attempt(self._due(selection), selection)
        first = next(self._due(forced), None)
        if first is None:
            return True
        others = (id for id in self._due(selection) if id != first)
        return self._attempt([first], forced) and self._attempt(others, selection)

    def _attempt(self, ids: Iterable[str], selection: Selection) -> bool:
        if self._is_stopped:
            return True
        runner = Runner(
            _ordered(self._settings, ids),
            deliver_with(self._settings, self._log, selection),
            self._log,
            self._stop,
            most=self._settings.queue.deliver_max,
            grace=self._settings.queue.shutdown_grace,
            reach=selection.reach,
        )
        self._runner = runner
        could_work = runner.run()
        self.attempted += runner.attempted
        self._is_stopped = runner.is_stopped
        return could_work

    def _due(self, selection: Selection) -> Iterator[str]:
        return due(self._spool.waiting(), selection, time.time(), self._spool.peek)


def _ordered(settings: Settings, ids: Iterable[str]) -> Iterable[str]:
    if settings.queue.queue_run_in_order:
        return ids
    return in_random_order(ids, random.Random())  # noqa: S311 (an order, not a secret)
