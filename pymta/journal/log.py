"""Where an event goes, and what happens when there is no room for it.

A log is a row of sinks.  Each event goes to the first that takes it at once; none waits, because
a session or the supervisor must not stand still when nobody reads the log.  What no sink took is
counted, and the count is told as soon as one takes lines again.

    log_file_path set          the file, else standard error
    standard error is journald's (JOURNAL_STREAM names its device and inode)
                               journal entries, else lines with a priority on standard error
    otherwise                  lines with the time on standard error

Touches: disk, sockets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pymta.config.settings import Settings
from pymta.journal.event import MAIN_AND_PANIC, Event, Kind
from pymta.journal.file import FileSink
from pymta.journal.journald import SOCKET, JournalSink
from pymta.journal.stderr import StderrSink


class Log(Protocol):
    """What the rest of the program knows of logging.  Neither call raises or waits for long."""

    def write(self, event: Event) -> None: ...

    def descriptors(self) -> tuple[int, ...]:
        """What a forked child must not close, if it is to go on with this log."""
        ...

    def close(self) -> None:
        """Drain what this process has sent, within a bound, and let go."""
        ...


class Sink(Protocol):
    def put(self, event: Event) -> bool:
        """Take it at once, or say False."""
        ...

    def descriptors(self) -> tuple[int, ...]: ...

    def close(self) -> None: ...


class SinkLog:
    """A log over sinks, the best first.  A forked child may go on with the one it inherited."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._lost = 0

    def write(self, event: Event) -> None:
        if self._lost and self._put(_lines_lost(self._lost)):
            self._lost = 0
        if not self._put(event):
            self._lost += 1

    def descriptors(self) -> tuple[int, ...]:
        return tuple(fd for sink in self._sinks for fd in sink.descriptors())

    def close(self) -> None:
        if self._lost and self._put(_lines_lost(self._lost)):
            self._lost = 0
        for sink in self._sinks:
            sink.close()

    def _put(self, event: Event) -> bool:
        return any(sink.put(event) for sink in self._sinks)


class EchoLog:
    """Two logs at once: the daemon's, and the terminal of who typed a command."""

    def __init__(self, first: Log, second: Log) -> None:
        self._logs = (first, second)

    def write(self, event: Event) -> None:
        for log in self._logs:
            log.write(event)

    def descriptors(self) -> tuple[int, ...]:
        return tuple(fd for log in self._logs for fd in log.descriptors())

    def close(self) -> None:
        for log in self._logs:
            log.close()


def open_log(settings: Settings) -> Log:
    """The log of a process that is part of the daemon, or was started by a unit."""
    to_journald = is_journal_stream(2, os.environ)
    stderr = StderrSink(2, with_priority=to_journald)
    if path := settings.journal.log_file_path:
        return SinkLog([FileSink(Path(path)), stderr])
    return SinkLog([JournalSink(SOCKET), stderr] if to_journald else [stderr])


def open_hand_log(settings: Settings) -> Log:
    """The log of a command typed by hand: the same places as the daemon's, and the terminal.

    Standard error says nothing about where the daemon's lines go then, so a daemon of units is
    taken to log to the journal whenever there is one.
    """
    is_here_already = settings.machine.in_terminal and not settings.journal.log_file_path
    if is_here_already or is_journal_stream(2, os.environ):
        return open_log(settings)
    path = settings.journal.log_file_path
    place = FileSink(Path(path)) if path else JournalSink(SOCKET)
    return EchoLog(SinkLog([place]), SinkLog([StderrSink(2, with_priority=False)]))


def is_journal_stream(fd: int, environ: Mapping[str, str]) -> bool:
    """Is `fd` the very stream that systemd connected to the journal?  (systemd.exec(5))

    The variable alone proves nothing: a child whose output was redirected inherits it too.
    """
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _lines_lost(count: int) -> Event:
    noun = "line was" if count == 1 else "lines were"
    return Event(
        Kind.TROUBLE,
        f"{count} log {noun} lost: nobody took them in time (is journald stuck, the disk full?)",
        fields={"LOST": str(count)},
        streams=MAIN_AND_PANIC,
    )
