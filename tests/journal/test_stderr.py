"""Real pipes, sockets and terminals, some of which nobody reads."""

from __future__ import annotations

import os
import pty
import socket
from pathlib import Path

import pytest

from pymta.journal.event import Event, Kind
from pymta.journal.stderr import StderrSink
from tests.doubles.log import LINE, STAMP


def test_a_full_pipe_never_blocks_and_a_torn_line_does_not_glue_the_next() -> None:
    reader, writer = os.pipe()
    sink = StderrSink(writer, stamp=STAMP, with_priority=False)
    large = Event(Kind.TROUBLE, "x" * 7000)
    while sink.put(large):
        pass
    first = os.read(reader, 1 << 20)

    assert sink.put(LINE)

    sink.close()
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        rest = file.read()
    assert (first + rest).splitlines()[-1].endswith(b" <= a@b.example")


def test_a_full_socket_never_blocks() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sink = StderrSink(ours.fileno(), with_priority=True)
        while sink.put(LINE):
            pass
        sink.close()
        assert ours.getblocking()


def test_a_stopped_terminal_never_blocks_and_keeps_its_own_flags() -> None:
    leader, follower = pty.openpty()
    sink = StderrSink(follower, with_priority=False)
    for _ in range(5000):
        if not sink.put(LINE):
            break
    else:
        pytest.fail("a terminal that nobody reads took everything")
    sink.close()
    assert os.get_blocking(follower)
    os.close(leader)
    os.close(follower)


def test_a_closed_standard_error_loses_lines_and_nothing_else() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    sink = StderrSink(writer, with_priority=False)
    assert not sink.put(LINE)
    sink.close()
    os.close(writer)

    gone = StderrSink(writer, with_priority=False)
    assert not gone.put(LINE)
    gone.close()


def test_standard_error_that_is_a_file_is_shared_with_others(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT, 0o600)
    sink = StderrSink(fd, stamp=STAMP, with_priority=False)

    sink.put(LINE)
    os.write(fd, b"a traceback\n")
    sink.put(LINE)

    sink.close()
    os.close(fd)
    assert len((tmp_path / "out").read_text().splitlines()) == 3
