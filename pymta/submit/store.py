"""The message while nobody has taken it: in memory, or in a file without a name when it is long.

It is read to its end before the server is called, for whoever writes it may take hours (a job of
cron with little to say), and kept, for a server that restarts has to hear it again.

Touches: disk.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as `typing` has it, which is not loaded
if TYPE_CHECKING:
    from collections.abc import Iterator

IN_MEMORY = 256 << 10  # octets
BLOCK = 64 << 10
_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - files without a name: nobody can be there first


class Store:
    """`size` in octets.  What is stored twice is not changed in between."""

    __slots__ = ("_file", "_memory", "size")

    def __init__(self) -> None:
        self._memory = b""
        self._file = -1
        self.size = 0

    def add(self, data: bytes) -> None:
        """Raises OSError when there is no room for it."""
        self.size += len(data)
        if self._file < 0 and self.size <= IN_MEMORY:
            self._memory += data
            return
        if self._file < 0:
            self._file = _nameless_file()
            self._write(self._memory)
            self._memory = b""
        self._write(data)

    def start(self, length: int) -> bytes:
        """The first octets, as many as there are."""
        return os.pread(self._file, length, 0) if self._file >= 0 else self._memory[:length]

    def blocks(self, at: int) -> Iterator[bytes]:
        """From there to the end."""
        while at < self.size:
            if self._file >= 0:
                block = os.pread(self._file, BLOCK, at)
            else:
                block = self._memory[at : at + BLOCK]
            if not block:
                raise OSError("the file of the message has become shorter")
            yield block
            at += len(block)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]


def _nameless_file() -> int:
    """Where there is no directory to write to, memory of the kernel must do."""
    places = [os.environ["TMPDIR"]] if os.environ.get("TMPDIR") else []
    for place in (*places, *_PLACES):
        try:
            return os.open(place, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:  # not there, not ours to write to, or a file system that cannot do that
            continue
    return os.memfd_create("pymta-message")
