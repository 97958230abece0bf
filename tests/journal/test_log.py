"""Which log a process has, and what of an event it tells."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

from pymta.config.journal import Journal
from pymta.config.settings import Settings
from pymta.journal.event import MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream
from pymta.journal.log import SelectedLog, is_journal_stream, open_log
from tests.doubles.log import LINE, MemoryLog


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
    selected = SelectedLog(log, Journal(log_selector=("-all", "+queue_run")))
    on, off = (Event(Kind.TROUBLE, "text", selector=name) for name in ("queue_run", "pid"))

    for event in (LINE, on, off, replace(off, streams=MAIN_AND_PANIC)):
        selected.write(event)

    assert log.events == [LINE, on, replace(off, streams=(Stream.PANIC,))]


def test_without_a_reject_log_a_refusal_stands_in_the_main_log_alone() -> None:
    log = MemoryLog()
    selected = SelectedLog(log, Journal(write_rejectlog=False, log_selector=("-size_reject",)))
    refusal = replace(LINE, streams=MAIN_AND_REJECT)

    selected.write(refusal)
    selected.write(replace(refusal, selector="size_reject"))

    assert log.events == [LINE]
