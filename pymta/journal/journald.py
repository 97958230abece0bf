"""Entries for the journal, in its native protocol (systemd: JOURNAL_NATIVE_PROTOCOL).

One entry is one datagram: ``NAME=value`` and a line end per field, or, where the value has line
ends, the name, its length as 64-bit little-endian, and the value.  An entry too large for a
datagram travels as a sealed memory file whose descriptor is sent instead.

`systemd.journal.send` is not used: with journald stuck it blocks, holding the interpreter lock.
This socket never blocks; "no room" is an answer, and the log goes on to its next sink.

journald finds the unit of a sender by its pid, some time after the datagram came.  A process
that ends at once has often gone by then, and its lines are missing from `journalctl -u`.  So
`close` waits, within bounds, until the datagrams have been taken, and a moment longer.  To see
its own datagrams only, a forked child opens a socket of its own with its first entry.

Touches: clock, sockets.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from pymta.journal.event import Event
from pymta.journal.line import entry

SOCKET = Path("/run/systemd/journal/socket")
DRAIN_LIMIT = 0.050  # seconds
DRAIN_STEP = 0.001
_TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}


class JournalSink:
    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._sock: socket.socket | None = None
        self._owner = 0

    def put(self, event: Event) -> bool:
        data = frame(entry(event))
        try:
            sock = self._own_socket()
            try:
                sock.sendto(data, self._path)
            except OSError as error:
                if error.errno not in _TOO_LARGE:
                    raise
                self._send_file(sock, data)
        except OSError:  # full, or no journald: the next sink takes it
            return False
        return True

    def descriptors(self) -> tuple[int, ...]:
        """A child that closed it unasked would later close whatever took its number."""
        return (self._sock.fileno(),) if self._sock else ()

    def close(self) -> None:
        if self._sock is None:
            return
        if self._owner == os.getpid():
            self._drain(self._sock)
        self._sock.close()
        self._sock = None

    def _own_socket(self) -> socket.socket:
        if self._sock is None or self._owner != os.getpid():
            if self._sock is not None:
                self._sock.close()
                self._sock = None
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._sock.setblocking(False)
            self._owner = os.getpid()
        return self._sock

    def _send_file(self, sock: socket.socket, data: bytes) -> None:
        fd = os.memfd_create("pymta-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            _write_all(fd, data)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            sock.sendmsg([], [rights], 0, self._path)
        finally:
            os.close(fd)

    def _drain(self, sock: socket.socket) -> None:
        until = time.monotonic() + DRAIN_LIMIT
        while _unread(sock) and time.monotonic() < until:
            time.sleep(DRAIN_STEP)
        time.sleep(DRAIN_STEP)  # taken off the queue, but perhaps not looked up yet


def frame(fields: Sequence[tuple[str, str]]) -> bytes:
    """The fields as they travel."""
    return b"".join(_frame_one(name.encode("ascii"), value.encode()) for name, value in fields)


def _frame_one(name: bytes, value: bytes) -> bytes:
    if b"\n" in value:
        return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name + b"=" + value + b"\n"


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _unread(sock: socket.socket) -> int:
    """Bytes that the other side has not taken yet."""
    count = array.array("i", [0])
    fcntl.ioctl(sock, termios.TIOCOUTQ, count)
    return count[0]
