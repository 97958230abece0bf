"""What events look like in everything that takes them, as octets.

Touches: disk, sockets, descriptors.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pymta.config.journal import Journal
from pymta.journal import process_info
from pymta.journal.event import Event
from pymta.journal.file import FileSink
from pymta.journal.journald import JournalSink
from pymta.journal.sinks import Sink
from pymta.journal.stderr import DebugSink, StderrSink
from pymta.journal.syslog import SyslogSink
from tests.doubles.log import STAMP

# What ends a line, moves a cursor, or turns text round, in the eyes of any reader.
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def harm_in(events: Sequence[Event]) -> Iterator[str]:
    """The sink, and what should not have come out of it; a line too many is such a thing."""
    with tempfile.TemporaryDirectory() as directory:
        at = Path(directory)
        for name, lines in _lines(at, events).items():
            yield from (f"{name}: {harm}" for line in lines for harm in _harm(line))
            copies = sum(len(event.streams) for event in events)
            expected = copies if name == "file" else len(events)
            if len(lines) != expected:
                yield f"{name}: {len(lines)} lines in place of {expected}"
        for entry in _datagrams(at / "journal", JournalSink, events):
            yield from (f"journal: {harm}" for harm in _harm_in_entry(entry))


def _lines(at: Path, events: Sequence[Event]) -> dict[str, list[str]]:
    syslog = _datagrams(at / "syslog", lambda path: SyslogSink(ONCE, STAMP, path), events)
    file = FileSink(f"{at}/%s.log", STAMP)
    for event in events:
        assert file.put(event)
    file.close()
    return {
        "file": [line for path in at.glob("*.log") for line in _lines_of(path)],
        "terminal": _written(
            at / "a", lambda fd: StderrSink(fd, STAMP, with_priority=False), events
        ),
        "stream": _written(at / "b", lambda fd: StderrSink(fd, STAMP, with_priority=True), events),
        "debug": _written(at / "c", DebugSink, events),
        "syslog": [data.decode() for data in syslog],
        "process info": [process_info.line(7, event.text).decode()[:-1] for event in events],
    }


ONCE = Journal(syslog_duplication=False)


def _written(path: Path, sink_on: Callable[[int], Sink], events: Sequence[Event]) -> list[str]:
    with path.open("wb") as opened:
        sink = sink_on(opened.fileno())
        for event in events:
            assert sink.put(event)
        sink.close()
    return _lines_of(path)


def _lines_of(path: Path) -> list[str]:
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def _datagrams(path: Path, sink_at: Callable[[Path], Sink], events: Sequence[Event]) -> list[bytes]:
    found = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(path))
        reader.setblocking(False)
        sink = sink_at(path)
        for event in events:
            assert sink.put(event)
            with suppress(BlockingIOError):
                found.append(_received(reader))
        sink.close()
    return found


def _received(reader: socket.socket) -> bytes:
    """One datagram, or the file that came in its place because it was too large."""
    data, fds, _, _ = socket.recv_fds(reader, 1 << 20, 1)
    for fd in fds:
        data = os.pread(fd, 1 << 24, 0)
        os.close(fd)
    return data


def _harm(text: str) -> Iterator[str]:
    yield from (repr(found) for found in HARMFUL.findall(text))


def _harm_in_entry(entry: bytes) -> Iterator[str]:
    for name, value in fields_of(entry):
        if not re.fullmatch("[A-Z][A-Z0-9_]*", name):
            yield f"field {name!r}"
        text = value.decode()
        if name == "PYMTA_TRACEBACK":  # ours, and it has lines
            text = text.replace("\n", "")
        yield from (f"{name}: {harm}" for harm in _harm(text))


def fields_of(entry: bytes) -> Iterator[tuple[str, bytes]]:
    """An entry as journald reads it (systemd.io, native journal protocol)."""
    while entry:
        line, _, entry = entry.partition(b"\n")
        name, is_plain, value = line.partition(b"=")
        if not is_plain:
            (size,) = struct.unpack("<Q", entry[:8])
            value, entry = entry[8 : 8 + size], entry[9 + size :]
        yield name.decode(), value
