"""Real sockets, pipes and files, some of which nobody reads."""

from __future__ import annotations

import array
import fcntl
import os
import pty
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.config.settings import Settings
from pymta.journal.event import MAIN_AND_PANIC, Event, Kind, Stream
from pymta.journal.file import FileSink
from pymta.journal.journald import DRAIN_LIMIT, JournalSink, frame
from pymta.journal.log import SelectedLog, SinkLog, is_journal_stream, open_log
from pymta.journal.stderr import StderrSink
from tests.doubles.log import MemoryLog

LINE = Event(Kind.ARRIVED, "<= a@b.example", queue_id="1aB2cD-00000000123-4567")
AT = 1_000_000_000.0


def clock() -> float:
    return AT


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket that journald would read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        sock.settimeout(5)
        yield sock


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


def test_a_stuck_journal_never_blocks_and_the_lines_go_to_standard_error(
    journald: socket.socket, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    stderr = StderrSink(writer, with_priority=True)
    log = SinkLog([JournalSink(tmp_path / "socket"), stderr])
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
    journald.recv(65536)

    sink.close()

    sink.close()  # and twice is once


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


def test_without_journald_the_next_sink_takes_the_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    log = SinkLog([JournalSink(tmp_path / "nobody"), FileSink(file, clock=clock)])

    log.write(LINE)
    log.close()

    assert file.read_text().endswith(" 1aB2cD-00000000123-4567 <= a@b.example\n")


def test_what_nobody_took_is_counted_and_told_later() -> None:
    class Sink:
        has_room = False
        taken: list[Event] = []  # noqa: RUF012 - one sink, one test

        def put(self, event: Event) -> bool:
            if self.has_room:
                self.taken.append(event)
            return self.has_room

        def descriptors(self) -> tuple[int, ...]:
            return ()

        def close(self) -> None:
            pass

    sink = Sink()
    log = SinkLog([sink])
    for _ in range(3):
        log.write(LINE)
    sink.has_room = True
    log.write(LINE)
    log.write(LINE)

    assert [event.text.partition(":")[0] for event in sink.taken] == [
        "3 log lines were lost",
        "<= a@b.example",
        "<= a@b.example",
    ]


def test_a_full_pipe_never_blocks_and_a_torn_line_does_not_glue_the_next() -> None:
    reader, writer = os.pipe()
    sink = StderrSink(writer, with_priority=False, clock=clock)
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
    sink = StderrSink(fd, with_priority=False, clock=clock)

    sink.put(LINE)
    os.write(fd, b"a traceback\n")
    sink.put(LINE)

    sink.close()
    os.close(fd)
    assert len((tmp_path / "out").read_text().splitlines()) == 3


def test_a_log_file_is_opened_anew_when_it_was_renamed(tmp_path: Path) -> None:
    path = tmp_path / "mainlog"
    sink = FileSink(path, clock=clock)
    sink.put(LINE)
    path.rename(tmp_path / "mainlog.1")
    sink.put(LINE)
    sink.close()

    assert len((tmp_path / "mainlog.1").read_text().splitlines()) == 1
    assert len(path.read_text().splitlines()) == 1
    assert path.stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    text = Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Umask")).split()[1], 8)


def test_a_line_torn_by_a_full_disk_does_not_glue_the_next(tmp_path: Path) -> None:
    """A pipe that nobody reads stands in for the disk: it takes a part of a line, too."""
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    sink = FileSink(tmp_path / "log", clock=clock)

    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)

    assert not sink.put(Event(Kind.TROUBLE, "x" * 7000))
    assert not os.read(reader, 1 << 20).endswith(b"\n")
    assert sink.put(LINE)
    assert os.read(reader, 1 << 20).startswith(b"\n20")
    os.close(reader)
    sink.close()


def test_a_log_file_that_cannot_be_written_is_an_answer(tmp_path: Path) -> None:
    assert not FileSink(tmp_path / "no" / "such" / "directory").put(LINE)
    assert not FileSink(Path("/dev/full")).put(LINE)


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
    settings = replace(settings, journal=replace(settings.journal, log_file_path=str(path)))

    log = open_log(settings)
    log.write(LINE)
    log.close()

    assert path.read_text().endswith("1aB2cD-00000000123-4567 <= a@b.example\n")


def test_a_line_whose_selector_is_off_stays_out_of_the_main_log() -> None:
    """N-39, section 0.2: what it has for other streams is told all the same."""
    log = MemoryLog()
    selected = SelectedLog(log, frozenset({"queue_run"}))
    on, off = (Event(Kind.TROUBLE, "text", selector=name) for name in ("queue_run", "pid"))

    for event in (LINE, on, off, replace(off, streams=MAIN_AND_PANIC)):
        selected.write(event)

    assert log.events == [LINE, on, replace(off, streams=(Stream.PANIC,))]
