"""What a queue run does next: give a message to a worker, start another, wait, or end.

Pure: it is told what the workers said and what became of them, and asked `next_move`.  Workers
are started when there is a message and nobody to take it, so there are never more than messages.

A worker that dies over a message costs only that attempt; the message stays for a later run.  A
worker that ends in good order without having touched its message (it was idle for too long, and
the message reached it too late) gives it back, once.  When workers die one after another and
no attempt comes to its end, the fault is ours and not the messages': the run stops.

A worker may find that other processes hold every delivery place of the host.  Then the run goes on
with the workers it has; with none, it tries again (each try waits a little), and in the end leaves
the rest to a later run, for those who hold the places are delivering mail themselves.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from pymta.dataclass import dataclass

# Deaths in a row, with no attempt brought to its end in between, after which a run stops: enough
# to pass a few poisoned messages, too few to fork through a queue of thousands.
MOST_DEATHS = 10
# Workers in a row that found no place, each after about a second (`pymta.delivery.main`), after
# which a run leaves the rest to the next one.
MOST_TURNED_AWAY = 300


@dataclass(frozen=True, slots=True)
class Give:
    """Let this worker attempt this message."""

    pid: int
    id: str


@dataclass(frozen=True, slots=True)
class Hire:
    """Start one more worker; then ask again."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until a worker says something or dies."""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing left to do, or nothing that we may."""


Move = Give | Hire | Wait | End


class Source(Protocol):
    """See `pymta.queue.feed`."""

    def take(self, after: str) -> str: ...

    def ended(self, id: str) -> None: ...


class Pool:
    def __init__(self, source: Source, most: int) -> None:
        """Ids are taken one by one, as they are needed; at most `most` workers at once."""
        self._source = source
        self._last: dict[int, str] = {}  # what a worker has done
        self._first: deque[str] = deque()  # before the others: bounces, and what was given back
        self._most = most
        self._idle: list[int] = []
        self._busy: dict[int, str] = {}
        self._given_back: set[str] = set()
        self._deaths = 0
        self._turned_away = 0
        self.attempted = 0
        self.is_stopping = False

    def next_move(self) -> Move:
        if self.is_stopping or self.is_failing or self.is_crowded_out:
            return Wait() if self._busy else End()
        if not self._idle and len(self._busy) >= self._most:
            return Wait()
        id = self._first.popleft() if self._first else self._next()
        if not id:
            return Wait() if self._busy else End()
        if self._idle:
            return Give(self._idle[-1], id)
        self._first.appendleft(id)
        return Hire()

    def _next(self) -> str:
        """For the worker that is free, or for a new one."""
        return self._source.take(self._last.pop(self._idle[-1], "") if self._idle else "")

    @property
    def is_failing(self) -> bool:
        return self._deaths >= MOST_DEATHS or self._most == 0

    @property
    def is_crowded_out(self) -> bool:
        return self._turned_away >= MOST_TURNED_AWAY

    def hired(self, pid: int) -> None:
        self._idle.append(pid)

    def found_no_place(self) -> None:
        """No more processes can be started: go on with those there are."""
        self._most = len(self._idle) + len(self._busy)

    def gave(self, pid: int, id: str) -> None:
        self._idle.remove(pid)
        self._busy[pid] = id

    def attempted_by(self, pid: int) -> None:
        id = self._busy.pop(pid, None)
        if id is not None:
            self._source.ended(id)
            self._last[pid] = id
            self._idle.append(pid)
            self.attempted += 1
            self._deaths = self._turned_away = 0

    def handed_on(self, id: str) -> None:
        """A bounce that a worker put into the spool: it goes out in this run, too."""
        self._first.append(id)

    def turned_away(self, pid: int) -> None:
        """A worker has ended because it found no place on this host."""
        if pid in self._idle:
            self._idle.remove(pid)
        if id := self._busy.pop(pid, ""):
            self._first.appendleft(id)
        self._turned_away += 1
        self._most = max(1, len(self._idle) + len(self._busy))

    def gone(self, pid: int, *, in_order: bool) -> str:
        """A worker has ended; the id that it leaves unattempted, "" if none."""
        if pid in self._idle:
            self._idle.remove(pid)
        id = self._busy.pop(pid, "")
        if in_order and id and id not in self._given_back:
            self._given_back.add(id)
            self._first.appendleft(id)
            return ""
        if id:
            self._source.ended(id)
        if not in_order or id:
            self._deaths += 1
        return id
