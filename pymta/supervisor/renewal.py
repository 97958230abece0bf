"""A reload from the wish to its end: validate, replace the program, tell who asked (HU-01…06).

A wish that comes while the files are being validated has them read once more before anything is
replaced, because they may have changed since (HU-01).  Until the validating child has said yes,
nothing changes, and whatever goes wrong after that, the old image goes on serving.

Touches: processes, clock.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from pymta.channel.control import STOPPING
from pymta.config import generation
from pymta.config.generation import GenerationError
from pymta.journal import daemon_events
from pymta.supervisor import reload
from pymta.supervisor.children import Child, Job
from pymta.supervisor.control import Client
from pymta.supervisor.handover import Handover
from pymta.supervisor.reload import Validation
from pymta.supervisor.report import Outcome
from pymta.supervisor.signals import Signals, name_of
from pymta.supervisor.workplace import Workplace

START_UP = 30.0  # seconds; the watchdog hears of the next image when that serves


class Renewal:
    """What is under way between a SIGHUP, or a `reload` command, and the next generation."""

    def __init__(self, place: Workplace, table: Callable[[], Handover], signals: Signals) -> None:
        self._place = place
        self._table = table
        self._signals = signals
        self._validation: Validation | None = None
        self._is_wanted = False
        self._is_abandoned = False
        self.last: Outcome | None = None  # how the last reload of this daemon ended
        self._next: list[Client] = []  # who asked since the validation began
        self._clients: list[Client] = []  # who waits for the one that is under way

    @property
    def refused(self) -> str:
        """Why the last reload changed nothing; "" when there was none, or it did."""
        return self.last.text if self.last else ""

    def want(self, client: Client | None = None) -> None:
        self._is_wanted = True
        if client:
            self._next.append(client)

    def take_over(self, descriptors: Iterable[int]) -> tuple[Client, ...]:
        """We are what came of a reload; `descriptors` are of those who asked for it."""
        self.last = Outcome(is_success=True, at=time.monotonic())
        self._clients = [Client(socket.socket(fileno=fd)) for fd in descriptors]
        return tuple(self._clients)

    def report_success(self) -> None:
        """The new generation serves."""
        for client in self._taken():
            client.succeed(f"generation {self._place.settings.generation} serves")

    def go_on(self) -> None:
        """Begin with what is wanted, unless something is under way."""
        if not self._is_wanted or self._validation:
            return
        self._is_wanted = False
        self._clients += self._next
        self._next = []
        place = self._place
        place.notify.reloading()
        try:
            stay = place.by_systemd or place.keeps_listeners
            sockets = place.reception.entrance.roles() if stay else ()
            self._validation = Validation(place.current, sockets)
        except OSError as error:
            self._refuse((f"the settings could not be validated: {error.strerror}",))
            return
        self._place.children.add(Child(self._validation.pid, Job.VALIDATION))

    def validated(self, status: int) -> None:
        """The validating child has ended."""
        assert self._validation
        complaints = self._validation.complaints()
        self._validation = None
        if self._is_abandoned:
            return
        if status == 0 and not self._is_wanted:
            self._replace_program()
        elif status == 0:
            return  # `go_on` validates once more; who has asked so far waits for that
        elif status < 0:
            name = name_of(-status)
            self._refuse((*complaints, f"the validating process was ended by {name}"))
        else:
            self._refuse(complaints or (f"the validating process ended with status {status}",))

    def wait(self, now: float) -> float | None:
        return max(0.0, self._validation.deadline - now) if self._validation else None

    def check_time(self) -> None:
        if self._validation and self._validation.is_overdue:
            os.kill(self._validation.pid, signal.SIGKILL)

    def abandon(self) -> None:
        """The daemon stops instead, also if the new settings should turn out to be good."""
        self._is_wanted = False
        self._is_abandoned = True
        self._clients += self._next
        self._fail(STOPPING)

    def _replace_program(self) -> None:
        place = self._place
        try:
            reload.adopt_candidate(place.current)
        except OSError as error:
            self._refuse((f"the new settings cannot be put in place: {error.strerror}",))
            return
        pid = os.getpid()
        place.log.write(daemon_events.reexec(pid, place.settings.generation + 1))
        waiting = (client.fileno() for client in self._clients)
        table = replace(self._table(), clients=tuple(fd for fd in waiting if fd >= 0))
        program = self._program()
        place.notify.extend(START_UP)
        told = place.notify.environment()
        failure = reload.reexec(program, place.current, table, told, self._signals)
        place.log.write(daemon_events.exec_failed(pid, program, failure))
        self._restore_settings()
        self._refuse((f"exec of {program} failed: {failure.strerror}",))

    def _program(self) -> str:
        """HU-02: the one that the new settings name; they were validated a moment ago."""
        try:
            fresh = generation.load(self._place.current)
        except (OSError, GenerationError):  # the fresh image will say what is wrong with them
            return sys.executable
        return fresh.process.pymta_path or sys.executable

    def _restore_settings(self) -> None:
        current = self._place.current
        try:
            reload.restore_previous(current)
        except OSError as error:  # queue runs read the file; we go on with what is in memory
            text = f"{current} is newer than what is served: {error.strerror}"
            self._place.log.write(daemon_events.trouble(text))

    def _refuse(self, complaints: tuple[str, ...]) -> None:
        for complaint in complaints:
            self._place.log.write(daemon_events.reload_refused(complaint))
        self.last = Outcome(is_success=False, at=time.monotonic(), text=complaints[0])
        self._place.notify.ready(f"reload refused: {self.refused}")
        self._fail("\n".join(complaints))

    def _fail(self, why: str) -> None:
        for client in self._taken():
            client.fail(why)

    def _taken(self) -> list[Client]:
        clients, self._clients = self._clients, []
        return clients
