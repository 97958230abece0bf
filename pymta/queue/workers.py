"""The delivery workers of a queue run: born, spoken to, buried.

A worker's death is seen by its pidfd, so that nobody ever waits for a process that hangs after
it has closed its channel, and no pid is taken for another.

Touches: processes, sockets.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from pymta.channel.life import live_and_leave
from pymta.channel.pair import End, make_pair
from pymta.channel.words import Word
from pymta.dataclass import dataclass
from pymta.queue import stop

Life = Callable[[End], int]


@dataclass(slots=True)
class Worker:
    pid: int
    end: End
    pidfd: int
    since: float  # monotonic seconds; when it was given what it works on
    id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    worker: Worker
    word: Word


@dataclass(frozen=True, slots=True)
class Died:
    """`status` as of `os.waitstatus_to_exitcode`: negative is a signal."""

    worker: Worker
    status: int


class Workers:
    """`life` is what a worker does with its end of the channel; it gives the exit status.

    `wake` is a descriptor that ends a wait when it becomes readable.
    """

    def __init__(self, life: Life, wake: int, forget: Callable[[], None]) -> None:
        self._life = life
        self._forget = forget
        self._living: dict[int, Worker] = {}
        self._selector = selectors.PollSelector()  # has no descriptor that a child would inherit
        self._selector.register(wake, selectors.EVENT_READ)

    def __iter__(self) -> Iterator[Worker]:
        return iter(tuple(self._living.values()))

    def __getitem__(self, pid: int) -> Worker:
        return self._living[pid]

    def hire(self) -> Worker:
        """Raises OSError when there can be no more processes."""
        ours, theirs = make_pair()
        try:
            pid = os.fork()
            if pid == 0:
                live_and_leave(lambda: self._live(ours, theirs))
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        worker = Worker(pid, ours, os.pidfd_open(pid), time.monotonic())
        self._living[pid] = worker
        self._selector.register(worker.end, selectors.EVENT_READ, worker)
        self._selector.register(worker.pidfd, selectors.EVENT_READ, worker)
        return worker

    def wait(self, seconds: float) -> Iterator[Said | Died]:
        """What has happened within this time; nothing, when somebody woke us."""
        ready = [key for key, _ in self._selector.select(seconds) if key.data is not None]
        spoken = {key.fd for key in ready}
        for worker in _distinct(key.data for key in ready):
            yield from self._hear(worker)  # had it ended before, then all that it ever said
            if worker.pidfd in spoken:
                yield self._bury(worker)

    def kill(self, worker: Worker) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(worker.pidfd, signal.SIGKILL)

    def _hear(self, worker: Worker) -> Iterator[Said]:
        try:
            while word := worker.end.hear():
                yield Said(worker, word)
        except BlockingIOError:
            return
        with suppress(KeyError):  # its end of the channel is closed: only its death is left
            self._selector.unregister(worker.end)

    def _bury(self, worker: Worker) -> Died:
        with suppress(KeyError):
            self._selector.unregister(worker.end)
        self._selector.unregister(worker.pidfd)
        del self._living[worker.pid]
        _, status = os.waitpid(worker.pid, 0)
        os.close(worker.pidfd)
        worker.end.close()
        return Died(worker, os.waitstatus_to_exitcode(status))

    def _live(self, ours: End, theirs: End) -> int:
        """In the child."""
        stop.put_back()
        self._forget()
        ours.close()
        for sibling in self:  # or it would not see the end of its channel when the run dies
            sibling.end.close()
            os.close(sibling.pidfd)
        return self._life(theirs)


def _distinct(found: Iterable[Worker]) -> list[Worker]:
    return list({worker.pid: worker for worker in found}.values())
