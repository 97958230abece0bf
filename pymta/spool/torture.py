"""Does a spool on this very disk keep its promises, whatever stops it?

Each trial lives the same life (`pymta.spool.trial`) in a directory of its own, ends it somewhere,
opens the spool anew and looks whether everything that was promised holds:

    kill     a process of its own kills itself before the Nth call to the disk, for every N
    moment   a process is killed from outside, at a moment that dice choose
    power    the power goes after the Nth call: what was not synced is gone, or there, or there in
             part, as dice choose.  Nobody can pull the plug here, so the life runs on a disk in
             memory that forgets, and what that one has kept is laid on this disk and opened there.

That a disk says "synced" and lies no program can see; how long a sync takes is a hint.

Touches: disk, processes, clock, randomness.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import field
from functools import partial
from pathlib import Path

from pymta.dataclass import dataclass
from pymta.journal.event import Event
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.memory_disk import MemoryDisk
from pymta.spool.store import SpoolError
from pymta.spool.trial import LATER, NOW, Body, BrokenPromiseError, Life, Promises
from pymta.spool.watched_disk import KillAfter, StopAfter, Stopped, WatchedDisk

IN_MEMORY = Path("/spool")
SMALL = Body(b"Subject: test\r\n\r\n" + b"0123456789abcdef\r\n" * 500)


@dataclass(frozen=True, slots=True)
class Trial:
    """What was done, and the promise that did not hold, "" when all did."""

    kind: str  # kill, moment or power
    number: int
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Torturer:
    """Works below `top`, an empty directory on the disk in question.

    `disk` is the real one, or one that a test has spoilt.  A trial that breaks a promise leaves its
    directory there; all others take theirs away.
    """

    top: Path
    seed: int
    disk: Disk = field(default_factory=Disk)
    body: Body = SMALL

    def calls(self) -> int:
        """How many calls to the disk one life makes."""
        count = 0

        def count_one(_name: str, _arguments: tuple[object, ...]) -> None:
            nonlocal count
            count += 1

        disk = WatchedDisk(MemoryDisk(lambda: NOW), count_one)
        Life(_on(disk, IN_MEMORY), Promises().make, self.body).live()
        return count

    def seconds_of_a_sync(self) -> float:
        """The middle of eleven, of a small file."""
        path = self.top / "sync"
        taken = []
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            for _ in range(11):
                os.write(fd, b"x" * 4096)
                began = time.monotonic()
                os.fsync(fd)
                taken.append(time.monotonic() - began)
        finally:
            os.close(fd)
            path.unlink()
        return sorted(taken)[len(taken) // 2]

    def kills(self, numbers: Iterable[int]) -> Iterator[Trial]:
        """One for each of these calls; the number of all of them means after the last."""
        for number in numbers:
            yield self._on_disk("kill", number, partial(self._killed_at, number))

    def moments(self, times: int) -> Iterator[Trial]:
        dice = random.Random(self.seed)  # noqa: S311 - to have the same again
        for number in range(times):
            yield self._on_disk("moment", number, partial(self._killed_after, dice.random()))

    def cuts(self, numbers: Iterable[int], seeds: int) -> Iterator[Trial]:
        """For each call, `seeds` ways in which the disk may have kept what was not synced."""
        for number, seed in itertools.product(numbers, range(seeds)):
            yield self._on_disk("power", number, partial(self._cut, seed, number))

    def _on_disk(self, kind: str, number: int, end: Callable[[Path], Promises]) -> Trial:
        top = self.top / f"{kind}-{number}"
        told: list[Event] = []
        try:
            promises = end(top)
            with closing(_on(self.disk, top, LATER, told)) as spool:
                Life(spool, Promises().make, self.body).check(promises, was_cut=kind == "power")
        except (BrokenPromiseError, SpoolError) as error:
            return Trial(kind, number, str(error))
        if told:
            return Trial(kind, number, f"set aside: {told[0].text}")
        shutil.rmtree(top, ignore_errors=True)
        return Trial(kind, number)

    def _killed_at(self, number: int, top: Path) -> Promises:
        return self._in_a_child(top, WatchedDisk(self.disk, KillAfter(number)))

    def _killed_after(self, share: float, top: Path) -> Promises:
        """After this share of what a life takes now."""
        return self._in_a_child(top, self.disk, share * self._usual_life())

    def _usual_life(self) -> float:
        top = self.top / "usual"
        began = time.monotonic()
        self._in_a_child(top, self.disk)
        shutil.rmtree(top)
        return time.monotonic() - began

    def _in_a_child(self, top: Path, disk: Disk, seconds: float | None = None) -> Promises:
        """A process that lives, and says its promises over a pipe; killed after `seconds`."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(read)
                Life(_on(disk, top), _Speaker(write).make, self.body).live()
                status = 0
            finally:  # whatever happens, there must not be a second one of us
                os._exit(status)
        os.close(write)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        promises = _heard(read)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in {0, -signal.SIGKILL}:
            raise BrokenPromiseError(f"the process that lived ended with status {status}")
        return promises

    def _cut(self, seed: int, number: int, top: Path) -> Promises:
        memory = MemoryDisk(lambda: NOW)
        promises = Promises()
        try:
            spool = _on(WatchedDisk(memory, StopAfter(number)), IN_MEMORY)
            Life(spool, promises.make, self.body).live()
        except Stopped:
            pass
        dice = random.Random(f"{self.seed} {seed} {number}")  # noqa: S311 - likewise
        keeps = (lambda: False, lambda: True)
        memory.cut_power(keeps[seed] if seed < len(keeps) else lambda: dice.random() < 0.5)
        _lay_down(memory, top)
        return promises


class _Speaker:
    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def make(self, kind: str, id: str, line: bytes = b"") -> None:
        os.write(self._pipe, f"{kind}|{id}|".encode() + (line or b"\n"))


def _heard(pipe: int) -> Promises:
    promises = Promises()
    with open(pipe, "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):  # one write each, so only the kernel could tear it
                kind, id, text = line.split(b"|", 2)
                promises.make(kind.decode(), id.decode(), text)
    return promises


def _lay_down(memory: MemoryDisk, top: Path) -> None:
    """What a disk has kept, on the real one."""
    directories, files = memory.everything()
    for path in directories:
        (top / Path(path).relative_to(IN_MEMORY)).mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, data in files.items():
        place = top / Path(path).relative_to(IN_MEMORY)
        place.write_bytes(data)
        place.chmod(0o600)


def _on(
    disk: Disk, top: Path, now: float | None = None, told: list[Event] | None = None
) -> FileSpool:
    """Without `now` the clock is one of its own, so that ids are the same in every life."""
    ticks = itertools.count()

    def clock() -> float:
        return NOW + next(ticks) / 1000 if now is None else now

    tell = told.append if told is not None else lambda _event: None
    return FileSpool(top, clock=clock, tell=tell, disk=disk, roll=lambda _: 7)
