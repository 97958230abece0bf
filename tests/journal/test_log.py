"""Which log a process has, and what of an event it tells."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

from pymta.config.journal import Journal
from pymta.config.settings import Settings
from pymta.journal.event import MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream
from pymta.journal.journald import JournalSink
from pymta.journal.log import SelectedLog, open_log
from pymta.journal.lost import Lost
from pymta.journal.sinks import Row
from pymta.journal.stderr import is_journal_stream
from tests.doubles.log import LINE, MemoryLog, Valve


def test_the_journal_stream_is_recognised_by_device_and_inode(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        found = os.fstat(ours.fileno())
        environ = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}

        assert is_journal_stream(ours.fileno(), environ)
        assert not is_journal_stream(theirs.fileno(), environ)
        assert not is_journal_stream(ours.fileno(), {})
        assert not is_journal_stream(99_999, environ)


def test_the_log_file_of_the_settings_is_used(tmp_path: Path) -> None:
    settings = Settings()
    path = tmp_path / "mainlog"
    settings = replace(settings, journal=replace(settings.journal, log_file_path=(str(path),)))

    log = open_log(settings)
    log.write(LINE)
    log.close()

    assert path.read_text().endswith("1aB2cD-00000000123-4567 <= a@b.example\n")


def test_a_line_whose_selector_is_off_stays_out_of_the_main_log() -> None:
    """N-39, section 0.2: what it has for other streams is told all the same."""
    log = MemoryLog()
    selected = SelectedLog(log, Journal(log_selector=("-all", "+queue_run")), Lost())
    on, off = (Event(Kind.TROUBLE, "text", selector=name) for name in ("queue_run", "pid"))

    for event in (LINE, on, off, replace(off, streams=MAIN_AND_PANIC)):
        selected.write(event)

    assert log.events == [LINE, on, replace(off, streams=(Stream.PANIC,))]


def test_without_a_reject_log_a_refusal_stands_in_the_main_log_alone() -> None:
    log = MemoryLog()
    selected = SelectedLog(
        log, Journal(write_rejectlog=False, log_selector=("-size_reject",)), Lost()
    )
    refusal = replace(LINE, streams=MAIN_AND_REJECT)

    selected.write(refusal)
    selected.write(replace(refusal, selector="size_reject"))

    assert log.events == [LINE]


def test_a_log_owes_what_it_lost_until_it_has_told() -> None:
    lost = Lost()
    sink = Valve(is_open=False)
    log = SelectedLog(Row([sink], lost), Journal(), lost)
    log.write(LINE)
    owes = []
    for is_open in (False, True):
        sink.is_open = is_open
        log.tell_lost()
        owes.append(log.owes_lines)

    assert owes == [True, False], "at first nobody took that line either"
    assert [event.fields for event in sink.taken] == [{"LOST": "1"}]
    log.close()


def test_each_journal_entry_names_the_generation(journald: socket.socket, tmp_path: Path) -> None:
    sink = JournalSink(tmp_path / "socket", GENERATION="7")
    sink.put(LINE)
    journald_said = journald.recv(65536)
    sink.close()

    assert journald_said.endswith(b"\nPYMTA_GENERATION=7\n")
