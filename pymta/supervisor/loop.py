"""One turn after the other: wait, hear, reap, take calls, deliver, reload, clock (ML-01).

The loop waits in one place only and for everything at once.  What a child says and its death are
both read before the next call is judged, so that a caller whose former session has just ended is
let in (ML-04).

A turn that has only brought calls and words of children ends there.  What goes by the clock, and
what is told, is looked after when it is due, when anything else has happened, and at the latest a
moment after a call or a word: a busy daemon has thousands of turns in a second.

Touches: descriptors, processes, signals, clock.
"""

from __future__ import annotations

import math
import os
import selectors
import signal
import socket
import time

from pymta import __version__
from pymta.channel.control import STOPPING
from pymta.channel.pair import from_fd
from pymta.journal import daemon_events, process_info
from pymta.supervisor import announce
from pymta.supervisor.control import Client
from pymta.supervisor.desk import Desk
from pymta.supervisor.family import Family
from pymta.supervisor.farewell import Farewell, Measure
from pymta.supervisor.handover import Handover
from pymta.supervisor.idle_end import IdleEnd
from pymta.supervisor.pulse import Signs
from pymta.supervisor.queue_count import QueueCount
from pymta.supervisor.queue_runs import QueueRuns
from pymta.supervisor.renewal import Renewal
from pymta.supervisor.requests import Requests
from pymta.supervisor.signals import Signals
from pymta.supervisor.status import Status
from pymta.supervisor.watch import Watch
from pymta.supervisor.watchdog import Watchdog
from pymta.supervisor.workplace import Workplace

LATEST = 0.1  # seconds after a call or a word until all is looked after that goes by the clock
TELL_LOST_AGAIN = 1.0  # seconds until the log is tried again, while nobody takes its lines


class Loop:
    """The supervisor at work, from its first turn to its last."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._settings = place.settings
        self._children = place.children
        self._log = place.log
        self._signals = Signals()
        self._queue_runs = QueueRuns(place)
        self._idle_end = IdleEnd(place.settings.launch.wait)
        self._farewell: Farewell | None = None
        self._renewal = Renewal(place, self._handover, self._signals)
        self._selector = selectors.DefaultSelector()
        self._count = QueueCount(lambda: place.deliveries.start_count(self._family.adopt))
        self._family = Family(
            place, self._selector, self._renewal.validated, self._count, self._queue_runs.start_for
        )
        self._status = Status(place, self._renewal, self._count)
        requests = Requests(place, self._renewal, self._status, self._count, self._queue_runs)
        make_room = place.reception.entrance.spare.give_up
        self._desk = Desk(
            *(place.control, self._selector, place.door, requests.words(), place.log),
            make_room=make_room,
        )
        self._selector.register(self._signals, selectors.EVENT_READ, self._signals)
        self._callers = Watch(self._selector, place.reception.entrance.descriptors(), None)
        self._watchdog = Watchdog(place)
        self._wait_failed = ""
        self._attempts = 0  # to take a call, in all
        self._due = -math.inf  # when all is to be looked after, on the clock of the loop
        # Who is to go at once when he is free must not be given another call (decision 3).
        self._idle_timeout = self._settings.queue.worker_idle_timeout
        self._latest = min(LATEST, self._idle_timeout)

    def take_over(self, table: Handover) -> None:
        """Go on where the image before us stopped (HU-04)."""
        dispatch = self._place.deliveries.dispatch
        dispatch.waiting.extend(table.waiting)
        dispatch.busy.update(table.busy)
        dispatch.missed.update(table.missed)
        for child in table.children:
            self._family.take_over(child)
        for fd in table.strangers:
            self._family.hear_stranger(from_fd(fd))
        self._queue_runs.go_on()
        for client in self._renewal.take_over(table.clients):
            self._desk.keep(client)
        for fd in table.unheard:
            self._desk.welcome(Client(socket.socket(fileno=fd)))

    def run(self) -> None:
        """Serve until told to stop and everybody has gone."""
        self._place.notify.ready(self._status.text())
        self._renewal.report_success()
        self._start_due_queue_run()
        self._prepare_wait()
        while not (self._farewell and not len(self._children)):
            self._turn()

    def _turn(self) -> None:
        calls = self._wait()
        if self._signals.has_child_died():
            self._family.reap()
        self._place.reception.begin_turn()
        for fd in calls:
            self._take_call(fd)
        self._deliver()
        now = time.monotonic()
        if now >= self._due or self._farewell:
            self._look_after_all()
        else:
            self._due = min(self._due, now + self._latest)

    def _look_after_all(self) -> None:
        self._family.reap()  # CH-01, whether we have heard of it or not
        self._renewal.check_time()
        self._desk.check_time(time.monotonic())
        self._end_if_idle()
        if self._farewell:
            self._see_off(self._farewell)
        else:
            self._place.deliveries.dispatch.is_settled = False
            self._deliver()
            self._family.let_the_idle_go(time.monotonic(), self._idle_timeout)
            self._renewal.go_on()
            self._family.recertification.act(time.monotonic())
        self._start_due_queue_run()
        self._prepare_wait()

    def _prepare_wait(self) -> None:
        self._watchdog.feed(time.monotonic(), self._signs)
        if self._tells_of_queue:
            self._count.keep_fresh(self._attempts)
        patience = self._patience()
        self._due = math.inf if patience is None else time.monotonic() + patience

    # What the loop waits for

    def _wait(self) -> list[int]:
        """Wait for anything at all; everything but calls is dealt with, calls are returned."""
        if self._log.debug and self._place.reception.entrance.descriptors():
            self._log.debug("Listening...")
        calls: list[int] = []
        try:
            ready = self._selector.select(
                None if self._due == math.inf else max(0.0, self._due - time.monotonic())
            )
        except OSError as error:
            self._survive(error)
            return calls
        self._wait_failed = ""
        for key, _ in ready:
            match key.data:
                case None:
                    calls.append(key.fd)
                case int() as pid:
                    self._family.hear(pid)
                case Signals():
                    self._hear_signals()
                case hear:
                    hear()
                    self._stir()
        return sorted(calls)

    def _stir(self) -> None:
        """Look after everything at the end of this turn."""
        self._due = -math.inf

    def _survive(self, error: OSError) -> None:
        """AE-01: the wait itself failed.  What it would have told may be so: signals are asked."""
        entrance = self._place.reception.entrance
        self._stir()
        self._wait_failed = error.strerror or str(error)
        entrance.wait_failed(error)
        time.sleep(entrance.pause())
        self._hear_signals()

    def _patience(self) -> float | None:
        """Seconds until something is due by the clock; None: only an event can wake us."""
        now = time.monotonic()
        due = [
            self._place.deliveries.dispatch.wait(now, self._idle_timeout),
            self._place.reception.standby.wait(now, self._idle_timeout),
            self._place.notify.status(self._status.facts, self._status.text),
            self._renewal.wait(now),
            self._family.recertification.wait(now),
            self._desk.wait(now),
            self._wait_for_log(),
            self._watchdog.wait(now),
        ]
        if self._farewell:
            due.append(max(0.0, self._farewell.deadline - now))
        else:
            due.append(self._queue_runs.wait(now))
            due.append(self._idle_end.wait(now, self._children.all_sessions))
            due.append(self._callers.go_on(now))
            due.append(self._count.wait(self._attempts) if self._tells_of_queue else None)
        return min((seconds for seconds in due if seconds is not None), default=None)

    def _wait_for_log(self) -> float | None:
        """Lines were lost, perhaps by workers that have gone: told as soon as can be."""
        if self._log.owes_lines:
            self._log.tell_lost()
        return TELL_LOST_AGAIN if self._log.owes_lines else None

    @property
    def _tells_of_queue(self) -> bool:
        """Is there somebody to tell?"""
        return self._place.notify.is_heard and not self._farewell

    def _signs(self) -> Signs:
        """What the watchdog is fed for; while we stop, there are no calls and no queue runs."""
        now, backlogs = time.monotonic(), self._place.reception.entrance.backlogs()
        return Signs(
            wait_failed=self._wait_failed,
            listens=not self._farewell,
            watches=self._callers.is_on,
            pause_ends=self._callers.pause_ends,
            callers=sum(backlog.waiting for backlog in backlogs),
            attempts=self._attempts,
            clock_late=0.0 if self._farewell else self._queue_runs.lateness(now),
        )

    # What it hears

    def _hear_signals(self) -> None:
        arrived = self._signals.arrived()
        if arrived:
            self._place.reception.interrupted()
            self._callers.resume()
        if arrived != {signal.SIGCHLD}:
            self._stir()
        for number in (signal.SIGTERM, signal.SIGINT):
            if number in arrived:
                self._stop(signal.Signals(number).name)
        if signal.SIGHUP in arrived:
            self._renewal.want()
        if signal.SIGUSR1 in arrived:
            self._tell_what_it_does()

    def _tell_what_it_does(self) -> None:
        """SL-06"""
        settings = self._settings
        entrance = self._place.reception.entrance
        text = announce.process_info(__version__, entrance.listeners, settings, entrance.local)
        path = process_info.path_of(settings)
        if trouble := process_info.write(path, process_info.line(os.getpid(), text)):
            self._log.write(daemon_events.remark(f"process info not written: {trouble}"))

    # What it does

    def _take_call(self, fd: int) -> None:
        if self._farewell:
            return
        if self._idle_end.limit:
            self._idle_end = self._idle_end.called(time.monotonic())
        self._attempts += 1
        reception = self._place.reception
        if born := reception.take_call(fd, self._family.ends):
            self._family.adopt(*born)
        if pause := reception.entrance.pause():
            self._callers.pause(time.monotonic(), pause)
            self._stir()

    def _start_due_queue_run(self) -> None:
        if not self._farewell:
            self._queue_runs.start_due(time.monotonic())

    def _deliver(self) -> None:
        if not (self._farewell or self._place.deliveries.dispatch.is_settled):
            self._place.deliveries.act(time.monotonic(), self._family.ends, self._family.adopt)

    # How it ends

    def _end_if_idle(self) -> None:
        now = time.monotonic()
        if self._farewell or self._idle_end.wait(now, self._children.all_sessions) != 0:
            return
        self._log.write(daemon_events.wait_is_over(__version__))
        self._begin_farewell(now)

    def _stop(self, name: str) -> None:
        now = time.monotonic()
        if self._farewell:
            self._farewell = self._farewell.hurried(now)
            return
        busy = len(self._place.deliveries.dispatch.busy)
        sessions = self._children.all_sessions
        event = daemon_events.stopping(os.getpid(), name, sessions=sessions, deliveries=busy)
        self._log.write(event)
        self._begin_farewell(now)

    def _begin_farewell(self, now: float) -> None:
        self._farewell = Farewell(now + self._settings.queue.shutdown_grace)
        self._place.is_stopping = True
        self._place.notify.stopping(self._status.text())
        self._place.notify.extend(self._farewell.longest(now))
        self._callers.end()
        self._place.reception.entrance.close()
        self._renewal.abandon()
        self._count.abandon(STOPPING)
        self._family.say_farewell()

    def _see_off(self, farewell: Farewell) -> None:
        now = time.monotonic()
        match farewell.measure(now):
            case Measure.WAIT:
                return
            case Measure.TERMINATE as measure:
                self._place.cut_off = len(self._children)
                self._family.tell_who_is_late()
                self._family.send_signal(signal.SIGTERM)
            case Measure.KILL as measure:
                self._family.send_signal(signal.SIGKILL)
        self._farewell = farewell.after(measure, now)

    def _handover(self) -> Handover:
        """The next image has no work for those who wait for some, and may not even know them."""
        self._family.let_the_idle_go(time.monotonic(), timeout=0)
        self._count.abandon("the daemon is being replaced, ask again")
        dispatch = self._place.deliveries.dispatch
        return Handover(
            listeners=self._place.reception.entrance.listeners,
            children=tuple(self._children),
            waiting=tuple(dispatch.waiting),
            busy=dispatch.busy,
            missed=tuple(sorted(dispatch.missed)),
            control=self._place.control.fileno() if self._place.control else -1,
            by_systemd=self._place.by_systemd,
            certificate=certificate.fd if (certificate := self._place.certificate) else -1,
            began=self._place.began,
            strangers=self._family.strangers,
            keeps_listeners=self._place.keeps_listeners,
            log=self._log.legacy(),
            leash=self._place.leash,
            local=self._place.reception.entrance.local,
            unheard=self._desk.unheard(),
        )
