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
from collections.abc import Iterable
from pathlib import Path

from pymta.journal.datagram import Datagrams
from pymta.journal.event import Event
from pymta.journal.line import PREFIX, entry

SOCKET = Path("/run/systemd/journal/socket")
_TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}


class JournalSink:
    """`always` are fields that each entry has besides its own, such as GENERATION."""

    trouble = ""  # a full journal is not worth a line: it would go the same way

    def __init__(self, path: Path = SOCKET, **always: str) -> None:
        self._way = Datagrams(path, marks_end=True)
        self._always = frame((PREFIX + name, value) for name, value in always.items())

    def put(self, event: Event) -> bool:
        data = frame(entry(event)) + self._always
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


def frame(fields: Iterable[tuple[str, str]]) -> bytes:
    """The fields as they travel."""
    lines, blocks = [], []
    for name, value in fields:
        if "\n" in value:
            blocks.append(_block(name, value.encode()))
        else:
            lines.append(f"{name}={value}\n")
    return "".join(lines).encode() + b"".join(blocks)


def _block(name: str, value: bytes) -> bytes:
    return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
