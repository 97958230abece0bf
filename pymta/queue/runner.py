"""Carry out what `pool` decides, with worker processes of our own, from first message to last.

Every wait is bounded: a worker that is silent for `LONGEST_ATTEMPT` over one message is killed,
and at the end all are let go and, after a grace time, killed.  A killed one loses nothing: what it
did is in the journal of its message, and its lock ends with it.

Touches: processes, clock.
"""

from __future__ import annotations

import time

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection
from pymta.channel.words import NO_PLACE, Attempted, Deliver, Drain, HandOn
from pymta.config.settings import Settings
from pymta.delivery import main as delivery
from pymta.journal import queue_events
from pymta.journal.log import Log
from pymta.queue import pool
from pymta.queue.pool import Give, Hire, Pool, Source, Wait
from pymta.queue.stop import Stop
from pymta.queue.workers import Died, Life, Said, Worker, Workers
from pymta.tables.opened import open_tables

# Seconds for one attempt of one message.  Many recipients at many slow hosts may take hours; a run
# that never ends would be worse, since a timer starts no second one beside it.
LONGEST_ATTEMPT = 6 * 3600.0
MOST_WORKERS = 4  # of one run, whatever deliver_max says: the daemon's own need room as well
TICK = 60.0  # seconds between looks for silent workers


def deliver_with(settings: Settings, log: Log, selection: Selection) -> Life:
    """The life of a worker: the delivery process over its end of the channel."""
    open_tables(settings)  # what they need is loaded here, once for all
    force, thaw = selection.force, selection.thaw
    return lambda channel: delivery.main(channel, settings, log, force=force, thaw=thaw)


def most_workers(deliver_max: int) -> int:
    """Of one run."""
    return max(1, min(deliver_max, MOST_WORKERS))


class Runner:
    """One run over what `source` gives; `life` is what each worker does, `reach` for whom."""

    def __init__(
        self,
        source: Source,
        life: Life,
        log: Log,
        stop: Stop,
        *,
        most: int,
        grace: float,
        reach: Reach = Reach.ALL,
        patience: float = LONGEST_ATTEMPT,
    ) -> None:
        self._pool = Pool(source, most_workers(most))
        self._workers = Workers(life, stop.fileno(), stop.forget)
        self._reach = reach
        self._log = log
        self._stop = stop
        self._grace = grace
        self._patience = patience
        self.is_stopped = False  # somebody asked us to end

    def run(self) -> bool:
        """True: the pass is complete, or somebody ended it.  False: workers could not work."""
        try:
            self._attempt_all()
        finally:
            self._let_go()
        return not self._pool.is_failing

    @property
    def attempted(self) -> int:
        """How many attempts came to their end, whatever came of them."""
        return self._pool.attempted

    @property
    def busy(self) -> dict[int, str]:
        """What each worker attempts now, by pid."""
        return {worker.pid: worker.id for worker in self._workers if worker.id}

    def _attempt_all(self) -> None:
        while True:
            match self._pool.next_move():
                case Give(pid, id):
                    self._give(self._workers[pid], id)
                case Hire():
                    self._hire()
                case Wait():
                    self._hear(min(TICK, self._patience))
                    self._end_silent()
                case pool.End():
                    return
            if not self._pool.is_stopping and self._stop.is_asked():
                self._pool.is_stopping = self.is_stopped = True
                return  # the rest is bounded by the grace time

    def _give(self, worker: Worker, id: str) -> None:
        worker.id, worker.since = id, time.monotonic()
        if debug := self._log.debug:
            debug(f"queue running: {id} goes to process {worker.pid}", "queue_run", QUEUE_ID=id)
        self._pool.gave(worker.pid, id)
        # When it has just died, its death gives the id back.
        worker.end.say(Deliver(id, self._reach))

    def _hire(self) -> None:
        try:
            self._pool.hired(self._workers.hire().pid)
        except OSError as error:
            self._log.write(queue_events.no_process(error.strerror or str(error)))
            self._pool.found_no_place()

    def _hear(self, seconds: float) -> None:
        for news in self._workers.wait(seconds):
            match news:
                case Said(worker, Attempted(id)) if id == worker.id:
                    worker.id = ""
                    self._pool.attempted_by(worker.pid)
                case Said(_, HandOn(id)):
                    self._pool.handed_on(id)
                case Died(worker, status):
                    self._bury(worker, status)

    def _bury(self, worker: Worker, status: int) -> None:
        if status == NO_PLACE:
            self._pool.turned_away(worker.pid)
            return
        id = self._pool.gone(worker.pid, in_order=status == 0)
        if status or id:
            self._log.write(queue_events.worker_died(worker.pid, status, id))

    def _end_silent(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.id and now - worker.since > self._patience:
                self._workers.kill(worker)

    def _let_go(self) -> None:
        """Each finishes what it has in hand, within the grace time."""
        self._pool.is_stopping = True
        for worker in self._workers:
            worker.end.say(Drain())
        self._wait_for_all(self._grace)
        for worker in self._workers:
            self._workers.kill(worker)
        self._wait_for_all(self._grace)

    def _wait_for_all(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while any(True for _ in self._workers) and (left := until - time.monotonic()) > 0:
            self._hear(left)
            # A second signal changes nothing for these, and must not keep us awake.
            self.is_stopped |= self._stop.is_asked()
