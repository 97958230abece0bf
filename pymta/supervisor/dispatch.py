"""Who delivers what next: a few workers, each one message after another.

An id that a session hands on goes to a free worker, to a new one below `deliver_max`, or waits in
a bounded list.  What does not fit there only sets a flag: as soon as workers are free, a queue run
over first deliveries picks those messages up.  So a burst never waits for the timer, and an id
that nobody heard waits safely on disk.

One slow destination never holds all workers: as many as destination_concurrency says serve one
remote domain, by default half of them, and a fifth is kept free of remote mail altogether, for
local mailboxes.
"""

from __future__ import annotations

from collections import Counter, deque

from pymta.channel.reach import Reach
from pymta.config.per_domain import CountPer, concurrency_of
from pymta.config.queue import kept_for_local
from pymta.dataclass import dataclass

MOST_WAITING = 1000  # ids in memory; the rest is found by a queue run over first deliveries
MOST_OF_ONE = 250  # of them for one remote domain, so that it leaves room for others
HOLD_OFF = 1.0  # seconds without a new worker after one found every place on the host taken
ANYWHERE = "?"  # the destination of a message that nobody has looked at: no domain, yet remote
# Seconds between two runs over first deliveries while others wait here who may not start: of a
# destination that is slow more and more does not fit, and each of it would start another run.
FIRST_RUN_PAUSE = 30.0
FORK_PAUSE = 10.0  # seconds without a fork after one failed: a shortage, and a log line each time


@dataclass(frozen=True, slots=True)
class Task:
    """A message to deliver, as `pymta.channel.words.HandOn` has it.

    `destination` is "" for local mail, else the remote domain; `queue` is where it waits.
    """

    id: str
    destination: str = ""
    reach: Reach = Reach.NEW
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Give:
    """Say the id to this free worker."""

    pid: int
    task: Task


@dataclass(frozen=True, slots=True)
class Hire:
    """Fork a worker for it."""

    task: Task


@dataclass(frozen=True, slots=True)
class RunFirst:
    """Start a queue run over first deliveries of this queue."""

    queue: str = ""


Move = Give | Hire | RunFirst


class Dispatch:
    """Waiting ids and delivery workers; every decision is a `Move` for the loop to carry out."""

    def __init__(self, deliver_max: int, concurrency: CountPer = 0) -> None:
        """`concurrency` is destination_concurrency."""
        self.deliver_max = deliver_max
        self._concurrency = concurrency
        self.waiting: deque[Task] = deque()
        self.missed: set[str] = set()  # queues with messages that did not fit
        self.busy: dict[int, Task] = {}
        self.idle: dict[int, float] = {}  # pid -> idle since
        self._last: dict[int, str] = {}  # pid -> where its last message went
        self.leaving: set[int] = set()  # born with older settings: they get no more work
        self.hold_until = 0.0
        self.hold_remote_until = 0.0
        self.no_first_run_until = 0.0
        self.is_settled = False  # there is no move, unless by the clock

    @property
    def workers(self) -> int:
        return len(self.busy) + len(self.idle)

    def hand_on(self, task: Task) -> None:
        self.is_settled = False
        if len(self.waiting) < MOST_WAITING and self._has_room(task.destination):
            self.waiting.append(task)
        else:
            self.missed.add(task.queue)

    def next_move(self, now: float) -> Move | None:
        """What to do now; None: nothing, or nothing yet."""
        move = self._move(now)
        self.is_settled = move is None
        return move

    def _move(self, now: float) -> Move | None:
        may_fork = len(self.busy) < self.deliver_max and now >= self.hold_until
        if not self.idle and not may_fork:
            return None
        may_hire_remote = may_fork and now >= self.hold_remote_until
        task = self._first_startable(may_be_remote=bool(self.idle) or may_hire_remote)
        if task is not None:
            self.waiting.remove(task)
            return Give(self._best_idle(task), task) if self.idle else Hire(task)
        # Nobody who waits here may start.
        if self.missed and may_fork and (not self.waiting or now >= self.no_first_run_until):
            self.no_first_run_until = now + FIRST_RUN_PAUSE
            queue = min(self.missed)
            self.missed.discard(queue)
            return RunFirst(queue)
        return None

    def no_process(self, now: float, task: Task) -> None:
        """The fork of a worker for `task` failed: it waits."""
        self.hold_until = now + FORK_PAUSE
        self.waiting.appendleft(task)

    def no_run(self, now: float, queue: str) -> None:
        """The fork of a run failed, likewise."""
        self.hold_until = now + FORK_PAUSE
        self.missed.add(queue)

    def hired(self, pid: int, task: Task) -> None:
        self.idle.pop(pid, None)
        self.busy[pid] = task
        self._last[pid] = task.destination

    def attempted(self, pid: int, now: float) -> None:
        """A worker is free again."""
        self.is_settled = False
        if self.busy.pop(pid, None) is not None and pid not in self.leaving:
            self.idle[pid] = now

    def gone(self, pid: int, now: float, *, found_no_place: bool) -> None:
        """A worker has ended; what it died over is left to the queue runs.

        With `found_no_place` all places on the host were taken by other processes: the task
        waits on, and nobody is hired for a moment.
        """
        self.is_settled = False
        self.idle.pop(pid, None)
        self.leaving.discard(pid)
        self._last.pop(pid, None)
        task = self.busy.pop(pid, None)
        if task and found_no_place:
            self.waiting.appendleft(task)
            if task.destination:  # places are kept for local mail
                self.hold_remote_until = now + HOLD_OFF
            else:
                self.hold_until = now + HOLD_OFF

    def retire(self, now: float, timeout: float) -> tuple[int, ...]:
        """Workers that have been free for too long; they no longer count."""
        over = tuple(pid for pid, since in self.idle.items() if now - since >= timeout)
        for pid in over:
            del self.idle[pid]
        return over

    def wait(self, now: float, timeout: float) -> float | None:
        """Seconds until there is something to decide by the clock alone; None: nothing."""
        due = [since + timeout for since in self.idle.values()]
        if self.waiting or self.missed:
            holds = [self.hold_until, self.hold_remote_until]
            holds += [self.no_first_run_until] if self.missed else []
            due += [held for held in holds if held > now]
        return max(0.0, min(due) - now) if due else None

    def _first_startable(self, *, may_be_remote: bool) -> Task | None:
        """Each destination is judged once, however many tasks wait for it: this is asked after
        every event.
        """
        remote = Counter(task.destination for task in self.busy.values() if task.destination)
        may_start = {"": len(self.busy) < self.deliver_max}
        for task in self.waiting:
            there = task.destination
            if there not in may_start:
                may_start[there] = may_be_remote and self._has_worker_for(there, remote)
            if may_start[there]:
                return task
        return None

    def _has_worker_for(self, destination: str, remote: Counter[str]) -> bool:
        """`remote` says how many workers are at each destination now."""
        if remote.total() >= self.deliver_max - kept_for_local(self.deliver_max):
            return False
        most = concurrency_of(self._concurrency, destination, self.deliver_max)
        return remote[destination] < most

    def _best_idle(self, task: Task) -> int:
        """One that has been there may still have a connection; else the last that worked.

        The last of several: the processor still has in its caches what that one needs, and those
        that there is no work for have their time-out.
        """
        last = reversed(self.idle)
        been_there = (pid for pid in last if self._last.get(pid) == task.destination)
        return next(been_there, next(reversed(self.idle)))

    def _has_room(self, destination: str) -> bool:
        if not destination or len(self.waiting) < MOST_OF_ONE:
            return True
        return sum(task.destination == destination for task in self.waiting) < MOST_OF_ONE
