"""Entries for the journal, in its native protocol (systemd: JOURNAL_NATIVE_PROTOCOL).

One entry is one datagram: ``NAME=value`` and a line end per field, or, where the value has line
ends, the name, its length as 64-bit little-endian, and the value.  An entry too large for a
datagram travels as a sealed memory file whose descriptor is sent instead.

`systemd.journal.send` is not used: with journald stuck it blocks, holding the interpreter lock.

Touches: clock, sockets.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from pymta.journal.datagram import Datagrams
from pymta.journal.event import Event
from pymta.journal.line import entry

SOCKET = Path("/run/systemd/journal/socket")
_TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}


class JournalSink:
    trouble = ""  # a full journal is not worth a line: it would go the same way

    def __init__(self, path: Path = SOCKET) -> None:
        self._way = Datagrams(path)

    def put(self, event: Event) -> bool:
        data = frame(entry(event))
        try:
            try:
                self._way.send(data)
            except OSError as error:
                if error.errno not in _TOO_LARGE:
                    raise
                self._send_file(data)
        except OSError:  # full, or no journald: the next sink takes it
            return False
        return True

    def descriptors(self) -> tuple[int, ...]:
        return self._way.descriptors()

    def close(self) -> None:
        self._way.close()

    def _send_file(self, data: bytes) -> None:
        fd = os.memfd_create("pymta-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            _write_all(fd, data)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            self._way.send(b"", fd)
        finally:
            os.close(fd)


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
