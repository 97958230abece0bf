"""Lines for a syslog daemon, as the classic program sends them (RFC 3164 s4.1, section 0.2).

    <22>Nov 22 10:00:00 pymta[4711]: 2026-11-22 10:00:00 1wIcRd-000000012Tz-1abc Completed

A line of several logs is sent once for each, or once in all without `syslog_duplication`.  Time and
process id stand in the text as in a file, unless `syslog_timestamp` or `syslog_pid` is off; the
daemon knows both already.

Touches: clock, processes, sockets.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from pymta.config.journal import Journal
from pymta.config.log_places import parse_facility
from pymta.journal.datagram import Datagrams
from pymta.journal.event import Event
from pymta.journal.line import message, priorities, priority
from pymta.journal.stamp import PLAIN, Stamp

SOCKET = Path("/dev/log")


class SyslogSink:
    """`trouble` says why a line could not be sent."""

    def __init__(self, journal: Journal, stamp: Stamp = PLAIN, path: Path = SOCKET) -> None:
        self._journal = journal
        self._facility = parse_facility(journal.syslog_facility)
        self._stamp = stamp
        self._way = Datagrams(path, marks_end=False)
        self._path = path
        self.trouble = ""

    def put(self, event: Event) -> bool:
        text = self._text(event)
        self.trouble = ""
        for severity in self._severities(event):
            try:
                self._way.send(f"<{self._facility << 3 | severity}>{text}".encode())
            except OSError as error:  # full, or no daemon: the next sink takes it
                self.trouble = f"{self._path}: {error.strerror}"
        return not self.trouble

    def descriptors(self) -> tuple[int, ...]:
        return self._way.descriptors()

    def close(self) -> None:
        self._way.close()

    def _severities(self, event: Event) -> tuple[int, ...]:
        return priorities(event) if self._journal.syslog_duplication else (priority(event),)

    def _text(self, event: Event) -> str:
        now = time.strftime("%b %e %H:%M:%S", time.localtime(self._stamp.clock()))
        front = self._stamp.time() if self._journal.syslog_timestamp else ""
        front += self._stamp.process() if self._journal.syslog_pid else ""
        front = front.lstrip() + " " if front else ""
        name = self._journal.syslog_processname
        return f"{now} {name}[{os.getpid()}]: {front}{message(event)}"
