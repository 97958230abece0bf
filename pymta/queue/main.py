"""A queue run, from its first message to its last.

Started by the daemon's alarm, by pymta-queue.service, or by hand (`by` of the selection says
which); it runs in a process of its own and gives that process's exit status:

    0    the pass is complete, or SIGTERM, SIGINT or a busy machine ended it in good order; or it
         had not its turn (`pymta.queue.turn`) and a clock had started it
    75   EX_TEMPFAIL: the spool could not be read, or no delivery process could work; or it had not
         its turn and somebody waits for it

Touches: disk, processes, signals, clock, randomness.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.config.per_domain import concurrency_of
from pymta.config.settings import Settings
from pymta.hints.sqlite import SqliteHints
from pymta.hints.waits_sqlite import SqliteWaits
from pymta.journal import queue_events
from pymta.journal.log import Log
from pymta.journal.process_info import told_on_signal
from pymta.load.gauge import Gauge
from pymta.load.reading import Load, excess, queue_run
from pymta.mail.waiting import GO, Answer, Wait
from pymta.queue.answers import Answers
from pymta.queue.due import Times, due, forced_first, in_random_order, stages
from pymta.queue.feed import Feed, Group
from pymta.queue.known import Known
from pymta.queue.runner import Runner, deliver_with, most_workers
from pymta.queue.stop import BrokenOffError, Stop
from pymta.queue.turn import NotYet, take_turn, takes_sweep
from pymta.retry.rules import parse_retry
from pymta.spool.files import FileSpool
from pymta.spool.store import SpoolError
from pymta.transport.throttle import throttle_of

DONE = 0
TRY_LATER = 75


def main(
    settings: Settings,
    log: Log,
    *selections: Selection,
    alone: bool = False,
    read_load: Callable[[], Load] | None = None,
) -> int:
    """A pass for each selection, one after another, until somebody stops us; the worst status.

    `alone`: only over a queue where no other run is under way.  `read_load` reads what
    deliver_queue_load_max limits, from this machine when None.  Closes the log at its end.
    """
    status = DONE
    read_load = read_load or Gauge(queue_run(settings.queue), settings.limits).read
    try:
        with Stop() as stop:
            for selection in _by_queue(settings, selections):
                run = _Run(settings, log, stop, selection, read_load)
                status = max(status, _in_turn(run, alone=alone))
                if run.is_stopped:
                    break
    except SpoolError as error:
        log.write(queue_events.no_spool(str(error.strerror)))
        return TRY_LATER
    finally:
        log.close()
    return status


def _by_queue(settings: Settings, selections: Iterable[Selection]) -> Iterator[Selection]:
    for selection in selections:
        if not selection.everywhere:
            yield selection
            continue
        for queue in FileSpool(Path(settings.machine.state_directory, "spool")).queues():
            yield replace(selection, queue=queue, everywhere=False)


def _in_turn(run: _Run, *, alone: bool) -> int:
    if run.selection.stands_in and run.has_nothing():
        return DONE
    directory = Path(run.settings.machine.state_directory, "run")
    now = time.time()
    try:
        turn = take_turn(directory, run.selection, now, alone=alone)
    except OSError as error:
        run.log.write(queue_events.no_spool(f"{directory}: {error.strerror}"))
        return TRY_LATER
    if isinstance(turn, NotYet):
        if not run.selection.interval:  # QR-03: a tick of the alarm is skipped without a word
            run.log.write(queue_events.skipped(os.getpid(), run.selection, turn.value))
        return TRY_LATER if run.selection.by == "hand" else DONE
    try:
        run.sweeps = takes_sweep(directory, now)
        return _from_start_to_end(run)
    finally:
        turn.leave()


def _from_start_to_end(run: _Run) -> int:
    pid = os.getpid()
    run.log.write(queue_events.started(pid, run.selection))
    with told_on_signal(run.settings, lambda: run.does):
        could_work = run.sweep_and_go()
    if not could_work:
        run.log.write(queue_events.abandoned(pid))
    run.log.write(queue_events.ended(pid, run.selection, attempted=run.attempted, left=run.left))
    return DONE if could_work else TRY_LATER


class _Run:
    """One run: its passes over the queue, and how many attempts came of them."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        stop: Stop,
        selection: Selection,
        read_load: Callable[[], Load],
    ) -> None:
        self.settings = settings
        self.log = log
        self.selection = selection
        self._stop = stop
        self._read_load = read_load
        self._spool = FileSpool(Path(settings.machine.state_directory, "spool"), tell=log.write)
        state = Path(settings.machine.state_directory)
        hints = SqliteHints(state / "hints" / "hints.sqlite")
        self._waits = SqliteWaits(state / "hints" / "waits.sqlite")
        self._answers = Answers(hints.get, self._waits.get, throttle_of(settings), time.time)
        longest = parse_retry(settings.queue.retry_rules, settings.queue.retry).longest
        self._times = Times(longest, settings.queue)
        self._is_busy = False  # the machine, too much to go on
        self._runner: Runner | None = None
        self.is_stopped = False
        self.sweeps = True
        self.attempted = 0
        self.left = 0  # messages that were due, whose hosts are left alone

    @property
    def does(self) -> str:
        """For whoever asks with SIGUSR1."""
        busy = self._runner.busy if self._runner else {}
        waits = ", ".join(f"{id} ({pid})" for pid, id in busy.items())
        return f"running queue: waiting for {waits}" if waits else "running queue"

    def has_nothing(self) -> bool:
        """Is the queue empty?"""
        return next(self._spool.waiting(self.selection.queue), None) is None

    def sweep_and_go(self) -> bool:
        """False: delivery processes could not work."""
        if self.sweeps:
            self._spool.sweep()
        return all(self._stage(stage) for stage in stages(self.selection))

    def _stage(self, selection: Selection) -> bool:
        forced = forced_first(selection)
        if forced is None:
            return self._attempt(self._feed(selection), selection)
        first = next(self._until_over(self._due(forced)), None)
        if first is None:
            return True
        return self._attempt(Feed([first], {}, _always), forced) and self._attempt(
            self._feed(selection, but=first), selection
        )

    def _attempt(self, feed: Feed, selection: Selection) -> bool:
        if self.is_stopped or self._is_busy:
            return True
        runner = Runner(
            _UntilOver(feed, self),
            deliver_with(self.settings, self.log, selection),
            self.log,
            self._stop,
            most=self.settings.queue.deliver_max,
            grace=self.settings.queue.shutdown_grace,
            reach=selection.reach,
        )
        self._runner = runner
        could_work = runner.run()
        self.attempted += runner.attempted
        if not selection.local_only:  # which leaves everybody else to the stage after it
            self.left += feed.left
        self.is_stopped |= runner.is_stopped
        return could_work

    def _until_over(self, ids: Iterator[str]) -> Iterator[str]:
        """Those ids that the run comes to before it is over."""
        while id := self.unless_over(lambda: next(ids, "")):
            yield id

    def unless_over(self, next_id: Callable[[], str]) -> str:
        """What it gives; "" once the run is over."""
        if self.is_stopped or self._is_too_busy():
            return ""
        try:
            return self._stop.breaking_off(next_id)
        except BrokenOffError:
            self.is_stopped = True
            return ""

    def _is_too_busy(self) -> bool:
        """Is the machine too busy to go on?  It stays so for this run, and is told once."""
        limit = queue_run(self.settings.queue)
        if self._is_busy or self.selection.force or limit.average is None:
            return self._is_busy
        if found := excess(self._read_load(), limit):
            self._is_busy = True
            event = queue_events.too_busy(os.getpid(), self.selection, found.value, limit.average)
            self.log.write(event)
        return self._is_busy

    def _due(self, selection: Selection) -> Iterator[str]:
        waiting = self._spool.waiting(selection.queue)
        return due(waiting, selection, time.time(), self._times, self._spool.peek)

    def _feed(self, selection: Selection, *, but: str = "") -> Feed:
        """What the run comes to, in order; `but` has had its turn."""
        now, queue = time.time(), self.settings.queue
        latest = float("inf") if selection.force else now
        known = Known(
            self._waits.known(self.settings.generation),
            lambda name: min(
                max(1, most_workers(queue.deliver_max) // 2),
                concurrency_of(queue.destination_concurrency, name, queue.deliver_max),
            ),
        )
        waiting = known.seen(self._spool.waiting(selection.queue), latest, now)
        ids = due(waiting, selection, now, self._times, self._spool.peek)
        rest = (id for id in ids if id != but)
        return Feed(_ordered(self.settings, rest), known.groups, self._answer(selection))

    def _answer(self, selection: Selection) -> Callable[[Group, str], Answer]:
        if selection.local_only:  # of a group everybody is sent to by SMTP
            return _never
        if selection.force:
            return _always
        return lambda group, after: self._answers.after(after, group.destination, group.hosts)


class _UntilOver:
    """A feed that gives nothing more once the run is over."""

    def __init__(self, feed: Feed, run: _Run) -> None:
        self._feed = feed
        self._run = run

    def take(self, after: str) -> str:
        return self._run.unless_over(lambda: self._feed.take(after))

    def ended(self, id: str) -> None:
        self._feed.ended(id)


def _always(_: Group, _after: str) -> Answer:
    return GO


def _never(_: Group, _after: str) -> Answer:
    return Wait(0.0, ())


def _ordered(settings: Settings, ids: Iterable[str]) -> Iterator[str]:
    """Lazily: to look at what waits may take long."""
    if settings.queue.queue_run_in_order:
        yield from ids
    else:
        yield from in_random_order(ids, random.Random())  # noqa: S311 (an order, not a secret)
