"""The table of live children: who, since when, from where, how many.

A session holds a slot.  The slot is freed once, whether the worker says that its connection is
done, dies, or both (CH-02); after that the child may live on, but it no longer counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pymta.mail.caller import Endpoint, LocalCaller, text_of

NOBODY = -1  # in place of a uid


class Job(Enum):
    SESSION = "session"
    DELIVERY = "delivery"
    QUEUE_RUN = "queue run"
    COUNT = "queue count"
    CERTIFICATE = "certificate reader"
    UNKNOWN = "child"  # of an image that could not tell us
    VALIDATION = "validation"
    ORDER = "order"  # what a command has asked for, of a user who may not touch the queue


@dataclass(slots=True)
class Child:
    """One child process.  Whom it serves changes with each call; only `Children` changes it.

    `channel` is the descriptor of our end of its channel, -1 when there is none.  `address` is
    the caller's address as text: slot key, log text and list input alike; a user of this machine
    has none, but a `uid`, -1 for all others.  `named` is the address that the caller speaks for,
    whose slot it is all the same (XCLIENT).  `generation` is that of the settings it was born
    with, `queue` what a queue run is over.
    """

    pid: int
    job: Job
    channel: int = -1
    address: str = ""
    generation: int = 0
    holds_slot: bool = False
    queue: str = ""
    uid: int = NOBODY
    named: str = ""

    @property
    def client(self) -> tuple[str, int]:
        """Address and uid of whom it serves."""
        return self.named or self.address, self.uid


def slot_of(caller: Endpoint | LocalCaller) -> tuple[str, int]:
    """Address and uid of a child that serves him."""
    return (
        ("", caller.uid) if isinstance(caller, LocalCaller) else (text_of(caller.address), NOBODY)
    )


class Children:
    """All live children by pid, with the counts that admission asks for."""

    def __init__(self) -> None:
        self._by_pid: dict[int, Child] = {}
        self._jobs: Counter[Job] = Counter()
        self._sessions = 0
        self._from: Counter[str] = Counter()
        self._local: Counter[int] = Counter()

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self._by_pid.values()))

    def __len__(self) -> int:
        return len(self._by_pid)

    @property
    def sessions(self) -> int:
        """Connections from the network being served: held slots, not processes."""
        return self._sessions

    @property
    def local_sessions(self) -> int:
        """Those of users of this machine, which are counted apart."""
        return self._local.total()

    @property
    def all_sessions(self) -> int:
        return self._sessions + self.local_sessions

    @property
    def local_callers(self) -> Mapping[int, int]:
        """How many connections each user of this machine holds, by uid."""
        return self._local

    @property
    def callers(self) -> Mapping[str, int]:
        """How many connections each address holds."""
        return self._from

    def sessions_from(self, address: str) -> int:
        return self._from[address]

    def count(self, job: Job) -> int:
        return self._jobs[job]

    def pids(self, job: Job) -> tuple[int, ...]:
        return tuple(child.pid for child in self._by_pid.values() if child.job is job)

    @property
    def queue_runs(self) -> Counter[str]:
        """How many queue runs go on, by queue."""
        return Counter(c.queue for c in self._by_pid.values() if c.job is Job.QUEUE_RUN)

    def get(self, pid: int) -> Child | None:
        return self._by_pid.get(pid)

    def add(self, child: Child) -> None:
        self._by_pid[child.pid] = child
        self._jobs[child.job] += 1
        if child.holds_slot:
            self._count(child, 1)

    def occupy(self, pid: int, address: str, uid: int = NOBODY) -> None:
        """A worker that was free has a caller again."""
        self.free_slot(pid)
        child = self._by_pid[pid]
        child.address, child.uid, child.holds_slot = address, uid, True
        self._count(child, 1)

    def name(self, pid: int, address: str) -> None:
        """The caller of this worker speaks for another; the slot stays his."""
        self._by_pid[pid].named = address

    def free_slot(self, pid: int) -> None:
        """The connection of this worker has ended; saying so twice changes nothing."""
        child = self._by_pid.get(pid)
        if child is None or not child.holds_slot:
            return
        self._count(child, -1)
        child.address, child.uid, child.holds_slot, child.named = "", NOBODY, False, ""

    def close_channel(self, pid: int) -> None:
        child = self._by_pid.get(pid)
        if child:
            child.channel = -1

    def remove(self, pid: int) -> Child | None:
        """It is dead; as it was in its last moment.  None when it was none of ours (CH-04)."""
        child = self._by_pid.pop(pid, None)
        if child:
            self._jobs[child.job] -= 1
            if child.holds_slot:
                self._count(child, -1)
        return child

    def _count(self, child: Child, more: int) -> None:
        """One connection more, or one less."""
        if child.uid != NOBODY:
            _add(self._local, child.uid, more)
            return
        self._sessions += more
        _add(self._from, child.address, more)


def _add(counter: Counter[Any], key: str | int, more: int) -> None:
    counter[key] += more
    if not counter[key]:
        del counter[key]
