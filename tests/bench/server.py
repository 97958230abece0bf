"""A server that runs and has work: what scenarios do with it, and ask of it.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.load import Load
from tests.bench.namespaces import DISK, SECONDS_TO_START, Namespaces
from tests.bench.peer import USUAL, Wish

LISTENS = "0A"  # the state in proc_net_tcp(5)
_PSS = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)


class Server:
    """One peer; `wish` is how it was started, None while it is not."""

    def __init__(self, namespaces: Namespaces, load: Load) -> None:
        self.at, self.load = namespaces, load
        self.peer = namespaces.peer
        self.wish: Wish | None = None

    def start(self, wish: Wish) -> float:
        """Start it empty.  Seconds from the start of its program to its first greeting."""
        self.clear()
        return self.start_again(wish)

    def start_again(self, wish: Wish) -> float:
        """Likewise, on the queue that it was stopped with."""
        self.at.start(wish)
        self.wish = wish
        return self._wait_for_greeting()

    def start_unseen(self, wish: Wish) -> None:
        """Start it empty, and never call it, so that it has nothing to do."""
        self.clear()
        self.at.start(wish)
        self.wish = wish
        self._wait_until(lambda: _listens(self.at.port), SECONDS_TO_START, "it does not listen")

    def warm_up(self, messages: int) -> None:
        """What a server does the first time only is no part of a figure."""
        self.load.mail(2, sessions=messages)
        self.drain(20)

    def stop(self) -> None:
        self.at.stop()
        self.wish = None

    def clear(self) -> None:
        self.stop()
        for name in DISK:
            _empty(self.at.work / name)

    def is_usable(self, wish: Wish) -> bool:
        return self.wish == wish and self.at.is_alive()

    def close(self) -> None:
        self.stop()
        self.at.account.close()

    def cpu(self) -> float:
        return self.at.cpu()

    def queued(self) -> int:
        """Messages in its queue."""
        return self.peer.queued(self.at.spool)

    def delivered(self) -> int:
        """Messages in all Maildirs."""
        return sum(1 for new in self._maildirs() for _ in new.iterdir())

    def drain(self, seconds: float) -> None:
        """Wait until the queue is empty, but no longer; then empty the Maildirs."""
        with suppress(TimeoutError):
            self._wait_until(lambda: not self.queued(), seconds, "the queue is not empty", 0.1)
        for new in self._maildirs():
            _empty(new)

    def wait_for(self, count: Callable[[], int], number: int, seconds: float) -> float:
        """Seconds until it counts so many.  Raises TimeoutError."""
        began = time.monotonic()
        what = f"fewer than {number} messages have arrived"
        self._wait_until(lambda: count() >= number, seconds, what, 0.02)
        return time.monotonic() - began

    def settle(self, most: float, quiet: float) -> None:
        """Wait until it has been idle for `quiet` seconds, but no longer than `most`."""
        end = time.monotonic() + most
        since, before = time.monotonic(), self.cpu()
        while time.monotonic() < end and time.monotonic() - since < quiet:
            time.sleep(min(quiet, 0.2))
            if (cpu := self.cpu()) - before > 0.02:
                since, before = time.monotonic(), cpu

    def pss(self) -> int:
        """KiB of memory, what is shared by so many counted by that share."""
        return sum(map(_pss, self.at.pids()))

    def version(self) -> str:
        """The last word that it has to say of it; "?" when it does not even start."""
        try:
            if not self.at.is_alive():
                self.start(USUAL)
            return self.at.run(self.peer.version).split()[-1]
        except (OSError, RuntimeError):
            return "?"

    @contextmanager
    def stopped(self) -> Iterator[Path]:
        """Its queue directory, while it is down; afterwards it goes on with what is there."""
        assert self.wish
        wish = self.wish
        self.stop()
        yield self.at.spool
        self.start_again(wish)

    def _maildirs(self) -> Iterator[Path]:
        yield from (self.at.work / "mail").glob("*/new")
        yield from (self.at.work / "homes").glob("*/Maildir/new")

    def _wait_for_greeting(self) -> float:
        greeted: list[float] = []

        def calls() -> bool:
            if _is_greeted(self.at.port):
                greeted.append(time.time())
            return bool(greeted)

        self._wait_until(calls, SECONDS_TO_START, "no greeting", 0.002)
        began = self.at.began()
        return greeted[0] - began if began else float("nan")

    def _wait_until(
        self, is_so: Callable[[], bool], seconds: float, what: str, pause: float = 0.02
    ) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            if not self.at.is_alive():
                raise RuntimeError(f"the server has ended: {self.at.why()}")
            if time.monotonic() > end:
                raise TimeoutError(f"{what} after {seconds:.0f} s")
            time.sleep(pause)


def _is_greeted(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            return sock.recv(512).startswith(b"220")
    except OSError:
        return False


def _listens(port: int) -> bool:
    address = f"0100007F:{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return any(line.split()[1] == address and line.split()[3] == LISTENS for line in lines)


def _pss(pid: int) -> int:
    with suppress(OSError):  # it has just ended
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        return int(found[1]) if found else 0
    return 0


def _empty(directory: Path) -> None:
    for path, directories, files in os.walk(directory, topdown=False):
        for name in files:
            with suppress(FileNotFoundError):
                Path(path, name).unlink()
        for name in directories:
            with suppress(OSError):
                Path(path, name).rmdir()
