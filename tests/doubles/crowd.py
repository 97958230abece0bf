"""Many callers at once, or one after the other, and what they cost the daemon.

Touches: sockets, processes, clock, disk.
"""

from __future__ import annotations

import itertools
import os
import resource
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.daemon import DEADLINE, Daemon

SPARE = 200  # descriptors for everything else
SAMPLE = 50  # processes whose memory is looked at; the kernel needs a while for each


@dataclass(frozen=True)
class Crowd:
    """Callers who stay: how long each waited for his greeting, in seconds, and what they heard;
    `own` are seconds that the code of the supervisor, without the kernel, has run for them.
    """

    waited: list[float]
    heard: set[str]
    own: float

    @property
    def quartiles(self) -> str:
        parts = statistics.quantiles(self.waited, n=4)
        return " / ".join(f"{1000 * part:.1f}" for part in parts) + " ms"


@contextmanager
def crowd(made: Daemon, count: int) -> Iterator[Crowd]:
    """So many callers, greeted one after the other; all stay until the end."""
    waited, heard, before = [], set[str](), _own_seconds(made.pid)
    with ExitStack() as stack:
        for _ in range(count):
            began = time.monotonic()
            sock = stack.enter_context(made.raw())
            heard.add(sock.recv(1000)[:4].decode())
            waited.append(time.monotonic() - began)
        yield Crowd(waited, heard, _own_seconds(made.pid) - before)


def _own_seconds(pid: int) -> float:
    """The user time of proc(5)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) / os.sysconf("SC_CLK_TCK")


def turn_away(made: Daemon, count: int) -> set[bytes]:
    """So many calls, one after the other, from several addresses; all that was answered."""
    heard = set[bytes]()
    sources = itertools.cycle(f"127.0.0.{n}" for n in range(2, 18))
    address = ("127.0.0.1", made.port)
    for source in itertools.islice(sources, count):
        with socket.create_connection(address, DEADLINE, (source, 0)) as sock:
            heard.add(sock.recv(1000))
            assert sock.recv(1) == b""
    return heard


def allow_descriptors(count: int) -> None:
    """For this process; root raises the hard limit where it must, for others that is an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count + SPARE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


def own_memory(pids: list[int]) -> float:
    """Proportional set size, the mean over some of these processes, in KiB."""
    step = max(1, len(pids) // SAMPLE)
    return statistics.mean(_memory(pid, "Pss") for pid in pids[::step])


def _memory(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise KeyError(name)


def resident(pid: int) -> int:
    """In KiB."""
    return _memory(pid, "Rss")
