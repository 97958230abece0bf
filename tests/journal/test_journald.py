"""Entries in the native protocol, over real sockets."""

from __future__ import annotations

import array
import os
import socket
import struct
import threading
import time
from pathlib import Path

from pymta.journal.datagram import DRAIN_LIMIT
from pymta.journal.event import Event, Kind
from pymta.journal.journald import JournalSink, frame
from tests.doubles.log import LINE


def unframe(data: bytes) -> dict[str, bytes]:
    """Read an entry as journald does."""
    found = {}
    while data:
        name, _, data = data.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
        else:
            key, (size,) = name, struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + size], data[8 + size + 1 :]
        found[key.decode()] = value
    return found


def test_an_entry_is_one_datagram(journald: socket.socket, tmp_path: Path) -> None:
    sink = JournalSink(tmp_path / "socket")

    assert sink.put(LINE)
    sink.close()

    fields = unframe(journald.recv(65536))
    assert fields["MESSAGE"] == b"1aB2cD-00000000123-4567 <= a@b.example"
    assert fields["PYMTA_QUEUE_ID"] == b"1aB2cD-00000000123-4567"
    assert fields["SYSLOG_IDENTIFIER"] == b"pymta"


def test_a_value_with_line_ends_cannot_forge_a_field() -> None:
    data = frame([("PYMTA_X", "a\nPRIORITY=0\n"), ("PYMTA_Y", "b")])

    assert unframe(data) == {"PYMTA_X": b"a\nPRIORITY=0\n", "PYMTA_Y": b"b"}


def test_an_entry_too_large_for_a_datagram_travels_as_a_file(
    journald: socket.socket, tmp_path: Path
) -> None:
    large = {f"PART_{n}": "x" * 200_000 for n in range(5)}
    sink = JournalSink(tmp_path / "socket")

    assert sink.put(Event(Kind.TROUBLE, "large", fields=large))

    data, control, _, _ = journald.recvmsg(65536, socket.CMSG_LEN(4))
    assert data == b""
    (fd,) = array.array("i", control[0][2])
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        fields = unframe(file.read())
    assert {name: fields[f"PYMTA_{name}"].decode() for name in large} == large
    sink.close()


def test_closing_waits_for_a_stuck_journal_no_longer_than_the_limit(
    journald: socket.socket, tmp_path: Path
) -> None:
    sink = JournalSink(tmp_path / "socket")
    sink.put(LINE)
    begun = time.monotonic()

    sink.close()

    assert DRAIN_LIMIT <= time.monotonic() - begun < DRAIN_LIMIT + 2


def test_closing_does_not_wait_once_everything_was_taken(
    journald: socket.socket, tmp_path: Path
) -> None:
    sink = JournalSink(tmp_path / "socket")
    sink.put(LINE)
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.extend(journald.recv(65536) for _ in range(2)))
    reader.start()
    begun = time.monotonic()

    sink.close()
    sink.close()  # and twice is once

    reader.join()
    assert time.monotonic() - begun < DRAIN_LIMIT
    assert taken[1] == b"", "taken after the last line was dealt with"


def test_closing_does_not_wait_for_nobody(journald: socket.socket, tmp_path: Path) -> None:
    sink = JournalSink(tmp_path / "socket")
    sink.put(LINE)
    journald.close()
    begun = time.monotonic()

    sink.close()

    assert time.monotonic() - begun < DRAIN_LIMIT


def test_a_forked_child_goes_on_with_the_log_it_inherited(
    journald: socket.socket, tmp_path: Path
) -> None:
    sink = JournalSink(tmp_path / "socket")
    assert sink.put(LINE)
    pid = os.fork()
    if pid == 0:
        took = sink.put(Event(Kind.COMPLETED, "from the child"))
        sink.close()
        os._exit(0 if took else 1)

    assert unframe(journald.recv(65536))["MESSAGE"].endswith(b"a@b.example")
    assert unframe(journald.recv(65536))["MESSAGE"] == b"from the child"
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert sink.put(LINE), "the child's close leaves the parent's socket alone"
    sink.close()
