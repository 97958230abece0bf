"""Where lines go that the first sink cannot take."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from pymta.config.journal import Journal
from pymta.journal.file import FileSink
from pymta.journal.journald import JournalSink
from pymta.journal.line import priority
from pymta.journal.log import SelectedLog
from pymta.journal.lost import Lost
from pymta.journal.sinks import Both, Row
from pymta.journal.stderr import StderrSink
from tests.doubles.log import LINE, STAMP, Valve


def test_a_stuck_journal_never_blocks_and_the_lines_go_to_standard_error(
    journald: socket.socket, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    stderr = StderrSink(writer, with_priority=True)
    log = Row([JournalSink(tmp_path / "socket"), stderr], Lost())
    begun = time.monotonic()

    for _ in range(300):  # the kernel keeps a few datagrams for a reader, never this many
        log.write(LINE)
    log.close()

    assert time.monotonic() - begun < 5
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        lines = file.read().splitlines()
    assert lines[-1] == b"<6>1aB2cD-00000000123-4567 <= a@b.example"
    journald.setblocking(False)
    taken = 0
    while True:
        try:
            journald.recv(65536)
        except BlockingIOError:
            break
        taken += 1
    assert taken + len(lines) == 300


def test_without_journald_the_next_sink_takes_the_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = Row([JournalSink(tmp_path / "nobody"), FileSink(str(file), STAMP)], Lost())

    log.write(LINE)
    log.close()

    assert file.read_text().endswith(" 1aB2cD-00000000123-4567 <= a@b.example\n")


def test_what_nobody_took_is_counted_and_told_later() -> None:
    """CL-03"""
    sink = Valve(is_open=False)
    log = Row([sink], Lost())
    for _ in range(3):
        log.write(LINE)
    sink.is_open = True
    log.write(LINE)
    log.write(LINE)
    log.close()

    assert [text.partition(":")[0] for text in sink.texts()] == [
        "3 log lines were lost",
        "<= a@b.example",
        "<= a@b.example",
    ]
    assert priority(sink.taken[0]) == 2


def test_what_a_child_could_not_write_its_parent_tells() -> None:
    """CL-03: a worker that ends while nobody takes lines leaves the number of them behind."""
    sink = Valve(is_open=False)
    log = Row([sink], Lost())
    pid = os.fork()
    if pid == 0:
        log.write(LINE)
        log.write(LINE)
        log.close()
        os._exit(0)
    os.waitpid(pid, 0)
    sink.is_open = True

    log.close()

    assert [text.partition(":")[0] for text in sink.texts()] == ["2 log lines were lost"]


def test_a_line_that_another_log_has_is_not_lost() -> None:
    """An echo on a terminal that nobody reads is no reason for a line in the main log."""
    main, lost = Valve(), Lost()
    log = Both(Row([main], lost), Row([Valve(is_open=False)], None))
    log.write(LINE)
    log.write(LINE)
    log.close()

    assert main.taken == [LINE, LINE]


def test_a_detour_is_told_at_both_ends() -> None:
    first = Valve(is_open=False, trouble="/var/log/pymta/mainlog: No space left on device")
    second = Valve()
    log = Row([first, second], Lost())
    log.write(LINE)
    log.write(LINE)
    first.is_open = True
    log.write(LINE)
    log.write(LINE)
    log.close()

    assert second.texts() == [
        LINE.text,
        f"log cannot be written: {first.why}: lines go elsewhere until it can",
        LINE.text,
    ]
    assert first.texts() == [
        LINE.text,
        "log can be written again: lines before this one went elsewhere",
        LINE.text,
    ]


def test_the_same_trouble_again_and_again_is_told_once() -> None:
    first, second = Valve(trouble="/dev/log: Connection refused"), Valve()
    log = Row([first, second], Lost())
    for is_open in (False, True, False, True, False):
        first.is_open = is_open
        log.write(LINE)
    log.close()

    assert len(second.taken) == 3 + 1
    assert len(first.taken) == 2 + 1


def test_a_child_is_told_what_the_log_needs() -> None:
    lost = Lost()
    log = SelectedLog(Row([Valve()], lost), Journal(), lost)
    assert set(log.descriptors()) == set(log.legacy()) == set(lost.descriptors())
    assert all(os.fstat(fd) for fd in log.descriptors())

    log.close()
    log.close()  # and twice is once

    assert log.descriptors() == ()
