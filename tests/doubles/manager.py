"""A service manager that only listens: what the daemon says to it, and which process said it.

Touches: sockets.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.daemon import wait_until

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Said:
    pid: int
    text: str


class Manager:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        self.heard: list[Said] = []

    def environment(self, watchdog: float = 0) -> dict[str, str]:
        """What it gives to a process that it starts; `watchdog` in seconds."""
        usec = {"WATCHDOG_USEC": str(int(watchdog * 1e6))} if watchdog else {}
        return {"NOTIFY_SOCKET": str(self._path), **usec}

    def close(self) -> None:
        self._socket.close()

    def count(self, word: str) -> int:
        """How often this line has come."""
        self._listen()
        return sum(word in said.text.split("\n") for said in self.heard)

    def status(self) -> str:
        """The last one."""
        self._listen()
        lines = [line for said in self.heard for line in said.text.split("\n")]
        found = [line for line in lines if line.startswith("STATUS=")]
        return found[-1].removeprefix("STATUS=") if found else ""

    def pids(self) -> set[int]:
        """Who has said anything at all."""
        self._listen()
        return {said.pid for said in self.heard}

    def wait_for(self, word: str, more: int = 0) -> None:
        """Until this line has come at all, or so many times more."""
        wanted = self.count(word) + more if more else 1
        wait_until(lambda: self.count(word) >= wanted, lambda: f"{word}: {self.heard}")

    def wait_for_status(self, part: str) -> None:
        wait_until(lambda: part in self.status(), lambda: f"{part} in {self.status()}")

    def _listen(self) -> None:
        with suppress(BlockingIOError):
            while True:
                text, control, *_ = self._socket.recvmsg(_LONGEST, socket.CMSG_SPACE(64))
                (_, _, credentials), *_ = control
                pid, *_ = _CREDENTIALS.unpack(credentials)
                self.heard.append(Said(pid, text.decode("ascii")))


@contextmanager
def manager() -> Iterator[Manager]:
    with tempfile.TemporaryDirectory(prefix="pymta-") as directory:
        os.chmod(directory, 0o755)  # noqa: PTH101 - for daemons that are somebody else
        made = Manager(Path(directory, "notify"))
        try:
            yield made
        finally:
            made.close()
