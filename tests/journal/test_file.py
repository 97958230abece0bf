"""Real files, and what stands in for full disks."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.journal.event import MAIN_AND_PANIC, MAIN_AND_REJECT, Event, Kind, Stream
from pymta.journal.file import FileSink
from tests.doubles.log import LINE, STAMP
from tests.doubles.ways_in import let_others_in


def test_a_log_file_is_opened_anew_when_it_was_renamed(tmp_path: Path) -> None:
    path = tmp_path / "mainlog"
    sink = FileSink(str(path), STAMP)
    sink.put(LINE)
    path.rename(tmp_path / "mainlog.1")
    sink.put(LINE)
    sink.close()

    assert len((tmp_path / "mainlog.1").read_text().splitlines()) == 1
    assert len(path.read_text().splitlines()) == 1


def test_a_new_log_file_has_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        sink = FileSink(str(tmp_path / "mainlog"), STAMP)
        assert sink.put(LINE)
    finally:
        os.umask(before)
    sink.close()

    assert (tmp_path / "mainlog").stat().st_mode & 0o777 == 0o640


def test_a_log_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "mainlog"
    path.touch(0o604)
    path.chmod(0o604)
    sink = FileSink(str(path), STAMP)

    assert sink.put(LINE)

    sink.close()
    assert path.stat().st_mode & 0o777 == 0o604


def test_each_stream_has_a_file_where_the_path_says_so(tmp_path: Path) -> None:
    """Section 0.2: a line for two logs stands in both, once in each."""
    sink = FileSink(f"{tmp_path}/%slog", STAMP)
    events = [
        Event(Kind.ARRIVED, "arrived"),
        Event(Kind.REJECTED, "rejected", streams=MAIN_AND_REJECT),
        Event(Kind.TROUBLE, "trouble", streams=MAIN_AND_PANIC),
        Event(Kind.TROUBLE, "panic", streams=(Stream.PANIC,)),
    ]

    assert all(sink.put(event) for event in events)

    sink.close()
    assert _texts(tmp_path / "mainlog") == ["arrived", "rejected", "trouble"]
    assert _texts(tmp_path / "rejectlog") == ["rejected"]
    assert _texts(tmp_path / "paniclog") == ["trouble", "panic"]


def test_without_a_mark_in_the_path_everything_stands_in_one_file_once(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "log"), STAMP)

    assert sink.put(Event(Kind.TROUBLE, "trouble", streams=MAIN_AND_PANIC))

    sink.close()
    assert _texts(tmp_path / "log") == ["trouble"]


def test_a_directory_that_has_gone_is_made_again(tmp_path: Path) -> None:
    """CL-03: somebody has moved it away while we were at work."""
    sink = FileSink(f"{tmp_path}/logs/%slog", STAMP)
    assert sink.put(LINE)
    (tmp_path / "logs").rename(tmp_path / "old")

    assert sink.put(LINE)

    sink.close()
    assert len(_texts(tmp_path / "old" / "mainlog")) == 1
    assert len(_texts(tmp_path / "logs" / "mainlog")) == 1
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o750


def test_a_sink_says_why_it_could_not_write(tmp_path: Path) -> None:
    sink = FileSink("/dev/full")
    assert not sink.put(LINE)
    assert sink.trouble == "/dev/full: No space left on device"

    nowhere = FileSink(f"{tmp_path}/no/such/directory")
    assert not nowhere.put(LINE)
    assert nowhere.trouble == f"{tmp_path}/no/such/directory: No such file or directory"


def test_a_pipe_without_a_reader_is_trouble_and_nothing_else(tmp_path: Path) -> None:
    """CL-03: the program behind the pipe has ended, and comes back."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    sink = FileSink(str(path), STAMP)
    assert not sink.put(LINE)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    assert sink.put(LINE)
    os.close(reader)

    assert not sink.put(LINE)
    assert sink.trouble == f"{path}: Broken pipe"

    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    assert sink.put(LINE)
    assert os.read(reader, 1 << 16).endswith(b"<= a@b.example\n")
    os.close(reader)
    sink.close()


def test_a_child_is_told_every_descriptor_that_is_open(tmp_path: Path) -> None:
    sink = FileSink(f"{tmp_path}/%slog", STAMP)
    assert sink.descriptors() == ()

    sink.put(replace(LINE, streams=MAIN_AND_PANIC))

    named = {Path(f"/proc/self/fd/{fd}").readlink().name for fd in sink.descriptors()}
    assert named == {"mainlog", "paniclog"}
    sink.close()
    assert sink.descriptors() == ()


@pytest.mark.root
def test_what_root_logs_belongs_to_the_account_that_will_serve(tmp_path: Path) -> None:
    """PV-01: an account that root is about to become can go on with the file."""
    let_others_in(tmp_path)
    logs = tmp_path / "logs"
    logs.mkdir()
    os.chown(logs, 4242, 4343)
    sink = FileSink(f"{logs}/%slog", STAMP, owner=(4242, 4343))

    assert sink.put(LINE)

    sink.close()
    found = (logs / "mainlog").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (4242, 4343, 0o640)
    assert (os.geteuid(), os.getegid()) == (0, 0)


@pytest.mark.root
def test_root_follows_no_link_to_a_file_that_the_account_could_not_open(tmp_path: Path) -> None:
    let_others_in(tmp_path)
    precious = tmp_path / "precious"
    precious.write_text("precious\n")
    precious.chmod(0o600)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "mainlog").symlink_to(precious)
    os.chown(logs, 4242, 4343)

    assert not FileSink(f"{logs}/%slog", STAMP, owner=(4242, 4343)).put(LINE)

    assert precious.read_text() == "precious\n"


def _texts(path: Path) -> list[str]:
    """The lines of a log without their time."""
    return [line[len("2001-09-09 01:46:40 ") :] for line in path.read_text().splitlines()]


def test_a_line_torn_by_a_full_disk_does_not_glue_the_next(tmp_path: Path) -> None:
    """A pipe that nobody reads stands in for the disk: it takes a part of a line, too."""
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    sink = FileSink(str(tmp_path / "log"), STAMP)

    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)

    assert not sink.put(Event(Kind.TROUBLE, "x" * 7000))
    assert not os.read(reader, 1 << 20).endswith(b"\n")
    assert sink.put(LINE)
    assert os.read(reader, 1 << 20).startswith(b"\n20")
    os.close(reader)
    sink.close()
