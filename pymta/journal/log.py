"""The log of a process: what of an event it tells, and where to.

    log_file_path is set        those files, and syslog; else standard error
    standard error is journald's (JOURNAL_STREAM names its device and inode)
                                journal entries, else lines with a priority on standard error
    a daemon in the background  journal entries, else the file `mainlog` in the state directory
    otherwise                   lines with the time on standard error

A daemon in the background has no standard error: for what its files cannot take there is the
journal, then syslog.  A daemon in the foreground that logs to files says panics on standard error
as well (ST-02), and everything when it was started with -d or -v.

Touches: clock, disk, processes, sockets.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pymta.config.journal import Journal
from pymta.config.launch import MAIN_LOG
from pymta.config.settings import Settings
from pymta.journal.debug import Debug
from pymta.journal.event import Event, Stream
from pymta.journal.file import FileSink
from pymta.journal.journald import JournalSink
from pymta.journal.lost import Lost
from pymta.journal.sinks import Both, Row, Sink, Writer
from pymta.journal.stamp import stamp_of
from pymta.journal.stderr import DebugSink, StderrSink, is_journal_stream
from pymta.journal.syslog import SyslogSink


class Log(Writer, Protocol):
    """What the rest of the program knows of logging.  `debug`: None when nobody watches."""

    debug: Debug | None

    @property
    def owes_lines(self) -> bool:
        """Were lines lost that nobody has told of yet?"""
        ...

    def legacy(self) -> tuple[int, ...]:
        """Descriptors for the image that takes our place, which gives them to `inherit`."""
        ...

    def inherit(self, descriptors: Sequence[int]) -> None:
        """Go on counting where the image before us stopped."""
        ...


class SelectedLog:
    """Only what the operator wants to read.

    An event whose selector is off loses the main log; without `write_rejectlog` there is no reject
    log.  What has no log left is not written.  Debug lines of `categories` go to `watched`.
    """

    def __init__(
        self,
        log: Writer,
        journal: Journal,
        lost: Lost,
        categories: Collection[str] = (),
        watched: Writer | None = None,
    ) -> None:
        self._logs = (log, watched) if watched else (log,)
        self._lost = lost
        self._selected = journal.selected
        self._unwanted = frozenset() if journal.write_rejectlog else frozenset({Stream.REJECT})
        self.debug = Debug(categories, watched.write) if watched else None

    def write(self, event: Event) -> None:
        unwanted = self._unwanted
        if event.selector and event.selector not in self._selected:
            unwanted |= {Stream.MAIN}
        if unwanted and not unwanted.isdisjoint(event.streams):
            event = replace(event, streams=tuple(s for s in event.streams if s not in unwanted))
        if event.streams:
            self._logs[0].write(event)

    @property
    def owes_lines(self) -> bool:
        return self._lost.is_owed

    def tell_lost(self) -> None:
        self._logs[0].tell_lost()

    def legacy(self) -> tuple[int, ...]:
        return self._lost.descriptors()

    def inherit(self, descriptors: Sequence[int]) -> None:
        if descriptors:
            self._lost.inherit(*descriptors)

    def descriptors(self) -> tuple[int, ...]:
        sinks = (fd for log in self._logs for fd in log.descriptors())
        return (*sinks, *self._lost.descriptors())

    def close(self) -> None:
        for log in self._logs:
            log.close()
        self._lost.close()


def open_log(settings: Settings) -> Log:
    """The log of a process that is part of the daemon, or was started by a unit."""
    lost = Lost()
    watched = _watched(settings, lost)
    return SelectedLog(
        _daemon_log(settings, lost), settings.journal, lost, settings.launch.debug, watched
    )


def open_hand_log(settings: Settings, debug: tuple[str, ...] = (), *, echoes: bool = True) -> Log:
    """The log of a command typed by hand: the same places as the daemon's, and the terminal.

    `debug` are the categories that were asked for, whatever the daemon's command line says.
    Without `echoes` the terminal shows nothing but what would be written nowhere else.

    Standard error says nothing about where the daemon's lines go then, so a daemon of units is
    taken to log to the journal whenever there is one.
    """
    settings = replace(settings, launch=replace(settings.launch, debug=debug))
    is_here_already = settings.machine.in_terminal and not settings.journal.log_file_path
    if is_here_already or is_journal_stream(2, os.environ):
        return open_log(settings)
    lost = Lost()
    terminal = Row([StderrSink(2, stamp_of(settings.journal), with_priority=False)], None)
    there = _log_of_another(settings, lost)
    both = Both(there, terminal) if echoes else there
    return SelectedLog(both, settings.journal, lost, debug, _watched(settings, lost))


def _watched(settings: Settings, lost: Lost) -> Writer | None:
    if not settings.launch.debug:
        return None
    if is_journal_stream(2, os.environ):
        return Row([_journal(settings), StderrSink(2, with_priority=True)], lost)
    return Row([DebugSink(2)], None)


def _daemon_log(settings: Settings, lost: Lost) -> Writer:
    if settings.launch.in_background:
        return _log_of_another(settings, lost)
    to_journald = is_journal_stream(2, os.environ)
    stderr = StderrSink(2, stamp_of(settings.journal), with_priority=to_journald)
    if settings.journal.log_file_path:
        echo = Row([stderr], None)
        places = _chosen(settings, [stderr], lost)
        return Both(places, echo, panics_only=not settings.launch.echoes_log)
    return Row([_journal(settings), stderr] if to_journald else [stderr], lost)


def _log_of_another(settings: Settings, lost: Lost) -> Writer:
    """Where the lines of a daemon go that is not in this terminal."""
    syslog = SyslogSink(settings.journal, stamp_of(settings.journal))
    resorts: list[Sink] = [_journal(settings), syslog]
    if settings.journal.log_file_path:
        return _chosen(settings, resorts, lost)
    if settings.launch.in_background:
        mainlog = Path(settings.machine.state_directory, MAIN_LOG)
        return Row([_journal(settings), _file(str(mainlog), settings)], lost)
    return Row([_journal(settings)], lost)


def _chosen(settings: Settings, resorts: list[Sink], lost: Lost) -> Writer:
    """The places of `log_file_path`; `resorts` are there for what the first cannot take."""
    journal = settings.journal
    syslog = SyslogSink(journal, stamp_of(journal))
    if not journal.log_path:
        return Row([syslog, *resorts], lost)
    files = Row([_file(journal.log_path, settings), *resorts], lost)
    return Both(files, Row([syslog], lost)) if journal.goes_to_syslog else files


def _journal(settings: Settings) -> JournalSink:
    """Whoever reads a line there sees which settings were in force."""
    return JournalSink(GENERATION=str(settings.generation))


def _file(path: str, settings: Settings) -> FileSink:
    launch = settings.launch
    return FileSink(path, stamp_of(settings.journal), owner=(launch.uid, launch.gid))
