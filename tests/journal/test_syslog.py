"""Lines for syslog, over a real socket (sections 0.2 and 4.2)."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.config.journal import Journal
from pymta.journal.event import MAIN_AND_PANIC, MAIN_AND_REJECT, Severity, Stream
from pymta.journal.stamp import Stamp
from pymta.journal.syslog import SyslogSink
from tests.doubles.log import LINE, STAMP

ME = f"pymta[{os.getpid()}]"
TEXT = "1aB2cD-00000000123-4567 <= a@b.example"


def heard(sock: socket.socket) -> list[str]:
    sock.setblocking(False)
    lines = []
    while True:
        try:
            lines.append(sock.recv(65536).decode())
        except BlockingIOError:
            return lines


def test_a_line_has_priority_time_name_and_pid(journald: socket.socket, tmp_path: Path) -> None:
    sink = SyslogSink(Journal(), STAMP, tmp_path / "socket")

    assert sink.put(LINE)

    sink.close()
    stamp = STAMP()
    day, clock = f"Sep  {int(stamp[8:10])}", stamp[11:]
    assert heard(journald) == [f"<22>{day} {clock} {ME}: {stamp} {TEXT}"]


@pytest.mark.parametrize(
    ("settings", "front"),
    [
        pytest.param(Journal(), f"{STAMP()} ", id="the usual"),
        pytest.param(Journal(syslog_timestamp=False), "", id="no time"),
        pytest.param(
            Journal(log_selector=("+pid",)), f"{STAMP()} [{os.getpid()}] ", id="the selector pid"
        ),
        pytest.param(
            Journal(log_selector=("+pid",), syslog_pid=False),
            f"{STAMP()} ",
            id="the selector pid, but not for syslog",
        ),
        pytest.param(
            Journal(log_selector=("+pid",), syslog_timestamp=False),
            f"[{os.getpid()}] ",
            id="pid without time",
        ),
    ],
)
def test_time_and_pid_stand_in_the_text_where_they_are_wanted(
    settings: Journal, front: str, journald: socket.socket, tmp_path: Path
) -> None:
    stamp = Stamp(pid="pid" in settings.selected, clock=STAMP.clock)
    sink = SyslogSink(settings, stamp, tmp_path / "socket")

    assert sink.put(LINE)

    sink.close()
    (line,) = heard(journald)
    assert line.partition(f" {ME}: ")[2] == front + TEXT


@pytest.mark.parametrize(
    ("streams", "severities", "most_severe"),
    [
        ((Stream.MAIN,), [6], 6),
        (MAIN_AND_REJECT, [6, 5], 5),
        (MAIN_AND_PANIC, [6, 1], 1),
        ((Stream.PANIC,), [1], 1),
    ],
)
def test_a_line_is_sent_once_for_each_log_or_once_in_all(
    streams: tuple[Stream, ...],
    severities: list[int],
    most_severe: int,
    journald: socket.socket,
    tmp_path: Path,
) -> None:
    event = replace(LINE, streams=streams)
    doubled = SyslogSink(Journal(), STAMP, tmp_path / "socket")
    single = SyslogSink(Journal(syslog_duplication=False), STAMP, tmp_path / "socket")

    assert doubled.put(event)
    assert single.put(event)

    doubled.close()
    single.close()
    priorities = [int(line[1 : line.index(">")]) & 7 for line in heard(journald)]
    assert priorities == [*severities, most_severe]


def test_trouble_with_the_log_itself_is_critical(journald: socket.socket, tmp_path: Path) -> None:
    sink = SyslogSink(Journal(syslog_facility="local3"), STAMP, tmp_path / "socket")

    assert sink.put(replace(LINE, streams=MAIN_AND_PANIC, severity=Severity.LOG_FAILURE))

    sink.close()
    (line,) = heard(journald)
    assert line.startswith(f"<{19 << 3 | 2}>")


def test_the_name_of_the_program_may_be_another(journald: socket.socket, tmp_path: Path) -> None:
    sink = SyslogSink(Journal(syslog_processname="exim"), STAMP, tmp_path / "socket")

    assert sink.put(LINE)

    sink.close()
    (line,) = heard(journald)
    assert f" exim[{os.getpid()}]: " in line


def test_a_full_socket_never_blocks_and_says_so(journald: socket.socket, tmp_path: Path) -> None:
    sink = SyslogSink(Journal(), STAMP, tmp_path / "socket")

    while sink.put(LINE):
        pass

    assert sink.trouble == f"{tmp_path}/socket: Resource temporarily unavailable"
    heard(journald)
    assert sink.put(LINE)
    sink.close()


def test_no_daemon_is_no_error_of_ours(tmp_path: Path) -> None:
    sink = SyslogSink(Journal(), STAMP, tmp_path / "nobody")

    assert not sink.put(LINE)

    assert sink.trouble == f"{tmp_path}/nobody: No such file or directory"
    sink.close()
