"""Where an event goes, and what happens when there is no room for it.

A log is a row of sinks.  Each event goes to the first that takes it at once; none waits, because
a session or the supervisor must not stand still when nobody reads the log.  What no sink took is
counted, and the count is told as soon as one takes lines again.

    log_file_path set          the file, else standard error
    standard error is journald's (JOURNAL_STREAM names its device and inode)
                               journal entries, else lines with a priority on standard error
    a daemon in the background  journal entries, else the file `mainlog` in the state directory
    otherwise                  lines with the time on standard error

A daemon in the foreground that logs to a file says panics on standard error as well (ST-02), and
everything when it was started with -d or -v.

Touches: disk, sockets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pymta.config.launch import MAIN_LOG
from pymta.config.settings import Settings
from pymta.journal.event import MAIN_AND_PANIC, Event, Kind, Stream
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


class SelectedLog:
    """Only what the operator wants to read: an event whose selector is off loses the main log."""

    def __init__(self, log: Log, selected: frozenset[str]) -> None:
        self._log = log
        self._selected = selected

    def write(self, event: Event) -> None:
        if event.selector and event.selector not in self._selected:
            rest = tuple(stream for stream in event.streams if stream is not Stream.MAIN)
            if not rest:
                return
            event = replace(event, streams=rest)
        self._log.write(event)

    def descriptors(self) -> tuple[int, ...]:
        return self._log.descriptors()

    def close(self) -> None:
        self._log.close()


class EchoLog:
    """Two logs at once: the daemon's, and a terminal, which may get panics only."""

    def __init__(self, first: Log, second: Log, *, panics_only: bool = False) -> None:
        self._logs = (first, second)
        self._panics_only = panics_only

    def write(self, event: Event) -> None:
        first, second = self._logs
        first.write(event)
        if not self._panics_only or Stream.PANIC in event.streams:
            second.write(event)

    def descriptors(self) -> tuple[int, ...]:
        return tuple(fd for log in self._logs for fd in log.descriptors())

    def close(self) -> None:
        for log in self._logs:
            log.close()


def open_log(settings: Settings) -> Log:
    """The log of a process that is part of the daemon, or was started by a unit."""
    return SelectedLog(_daemon_log(settings), settings.journal.selected)


def _daemon_log(settings: Settings) -> Log:
    launch = settings.launch
    if launch.in_background:
        return SinkLog(_daemon_sinks(settings))
    to_journald = is_journal_stream(2, os.environ)
    stderr = StderrSink(2, with_priority=to_journald)
    if path := settings.journal.log_file_path:
        file = SinkLog([FileSink(Path(path)), stderr])
        return EchoLog(file, SinkLog([stderr]), panics_only=not launch.echoes_log)
    return SinkLog([JournalSink(SOCKET), stderr] if to_journald else [stderr])


def open_hand_log(settings: Settings) -> Log:
    """The log of a command typed by hand: the same places as the daemon's, and the terminal.

    Standard error says nothing about where the daemon's lines go then, so a daemon of units is
    taken to log to the journal whenever there is one.
    """
    is_here_already = settings.machine.in_terminal and not settings.journal.log_file_path
    if is_here_already or is_journal_stream(2, os.environ):
        return open_log(settings)
    terminal = SinkLog([StderrSink(2, with_priority=False)])
    both = EchoLog(SinkLog(_daemon_sinks(settings)), terminal)
    return SelectedLog(both, settings.journal.selected)


def _daemon_sinks(settings: Settings) -> list[Sink]:
    """Where the lines of a daemon go that is not in this terminal."""
    if path := settings.journal.log_file_path:
        return [FileSink(Path(path))]
    if settings.launch.in_background:
        mainlog = Path(settings.machine.state_directory, MAIN_LOG)
        return [JournalSink(SOCKET), FileSink(mainlog)]
    return [JournalSink(SOCKET)]


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
