"""The children while they live: heard, sent away, buried.

Everything that a child says comes through here, its last words included: those are read when it
is dead and before it is forgotten, so that no id that it handed on is lost.

Touches: descriptors, processes, signals, clock.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from functools import partial

from pymta.channel import life
from pymta.channel.pair import End, from_fd
from pymta.channel.words import (
    NO_PLACE,
    Attempted,
    Counted,
    Done,
    Drain,
    Etrn,
    HandOn,
    Named,
    PolicyFailed,
    Proxied,
    Renewed,
    Short,
    Verdict,
    Word,
)
from pymta.journal import daemon_events
from pymta.journal.event import Kind
from pymta.supervisor import debug_lines
from pymta.supervisor.children import Child, Job
from pymta.supervisor.dispatch import Task
from pymta.supervisor.queue_count import QueueCount
from pymta.supervisor.recertify import Recertification
from pymta.supervisor.signals import name_of
from pymta.supervisor.workplace import Workplace


class Family:
    """`ends` are our ends of all channels by pid; `validated` is told how a validation ended,
    `count` what a counting child found, `etrn` for which domain a client wants its mail.
    """

    def __init__(
        self,
        place: Workplace,
        selector: selectors.BaseSelector,
        validated: Callable[[int], None],
        count: QueueCount,
        etrn: Callable[[str], object] = bool,
    ) -> None:
        self.ends: dict[int, End] = {}
        self._strangers: set[End] = set()
        self._place = place
        self._children = place.children
        self._dispatch = place.deliveries.dispatch
        self._standby = place.reception.standby
        self._selector = selector
        self._validated = validated
        self._count = count
        self.recertification = Recertification(place)
        self._etrn = etrn
        self._is_parting = False  # nobody is kept for another call
        self._is_killing = False  # who dies of a signal now died of ours

    def adopt(self, child: Child, end: End) -> None:
        """Hear this child from now on.  One that cannot be heard is to finish and go."""
        self.ends[child.pid] = end
        try:
            self._selector.register(end, selectors.EVENT_READ, child.pid)
        except OSError as error:  # the kernel bounds what one may watch (epoll(7))
            text = f"child process {child.pid} cannot be watched: {error.strerror}"
            self._place.log.write(daemon_events.trouble(text))
            self._forget_channel(child.pid)

    def take_over(self, child: Child) -> None:
        """A child of the image before us (HU-04): it counts, and knows only the old settings."""
        self._children.add(child)
        if child.channel < 0:
            return
        self.adopt(child, from_fd(child.channel))
        if child.job is Job.DELIVERY:
            self._dispatch.leaving.add(child.pid)
        if not child.holds_slot:
            self._dismiss(child.pid)

    def hear_stranger(self, end: End) -> None:
        """The channel of a child that nobody can name: what it hands on is heard, and it goes."""
        self._strangers.add(end)
        self._selector.register(end, selectors.EVENT_READ, partial(self._hear_stranger, end))

    @property
    def strangers(self) -> tuple[int, ...]:
        return tuple(end.fileno() for end in self._strangers)

    def let_the_idle_go(self, now: float, timeout: float) -> None:
        """Workers that have waited for something to do for so many seconds."""
        retired = (*self._dispatch.retire(now, timeout), *self._standby.retire(now, timeout))
        for pid in retired:
            self._dismiss(pid)

    def say_farewell(self) -> None:
        """Everybody is to finish what is under way and to begin nothing new."""
        self._is_parting = True
        for pid in self.ends:
            self._dismiss(pid)
        for end in self._strangers:
            end.say(Drain())
        for child in self._children:
            if child.job in {
                Job.QUEUE_RUN,
                Job.VALIDATION,
                Job.COUNT,
                Job.CERTIFICATE,
                Job.ORDER,
            }:  # they hear nothing
                os.kill(child.pid, signal.SIGTERM)

    def tell_who_is_late(self) -> None:
        """The grace time of a stop is over for all that are left."""
        for child in self._children:
            task = self._dispatch.busy.get(child.pid)
            event = daemon_events.cut_off(
                child.pid, child.job.value, address=child.address, id=task.id if task else ""
            )
            self._place.log.write(event)

    def send_signal(self, number: signal.Signals) -> None:
        """To all that are left.  None is reaped yet, so each pid is still its own."""
        self._is_killing = True
        for child in self._children:
            os.kill(child.pid, number)

    def reap(self) -> None:
        """Collect all dead children (CH-01)."""
        for pid, status in life.reap():
            self._bury(pid, status)

    def hear(self, pid: int) -> None:
        """Everything that this child has to say by now.

        Who says that he is done says nothing more until he has something to do again, or at all.
        """
        end = self.ends[pid]
        try:
            while (word := end.hear()) is not None:
                self._heed(pid, word)
                match word:
                    case Attempted() | Done(_, True):
                        return
                    case Done():
                        break
        except BlockingIOError:
            return
        except ValueError as error:  # a bug of ours: that child is not heard any more
            text = f"child process {pid}: {error}"
            self._place.log.write(daemon_events.trouble(text, Kind.PROCESS_FAILED))
        self._drop_channel(pid)

    def _heed(self, pid: int, word: Word) -> None:
        match word:
            case HandOn(id, destination, reach, queue):
                self._dispatch.hand_on(Task(id, destination, reach, queue))
            case Done(_, stays):
                self._children.free_slot(pid)
                self._debug_sessions()
                if stays:
                    self._keep_or_dismiss(pid)
            case Attempted():
                self._dispatch.attempted(pid, time.monotonic())
            case Short(why):
                self._tell_shortage(why)
            case PolicyFailed(rule):
                self._place.reception.policy.failed(rule, self._children.get(pid))
            case Etrn(domain):
                if not self._is_parting:
                    self._etrn(domain)
            case Proxied() | Named():
                self.ends[pid].say(self._place.reception.second_look.judge(pid, word))
            case Renewed():
                self.recertification.noticed()
            case Counted(messages, oldest):
                self._count.counted(messages, oldest)
            case _:
                raise ValueError(f"said {word}, which is for a parent to say")

    def _tell_shortage(self, why: str) -> None:
        if line := self._place.shortage.heard(why, time.monotonic()):
            self._place.log.write(daemon_events.remark(line, Kind.SHORT_OF_SPACE))

    def _hear_stranger(self, end: End) -> None:
        try:
            while (word := end.hear()) is not None:
                match word:
                    case HandOn(id, destination, reach):
                        self._dispatch.hand_on(Task(id, destination, reach))
                    case Short(why):
                        self._tell_shortage(why)
                    case Proxied() | Named():  # the slot that it holds cannot be told from others
                        end.say(Verdict())
                    case Attempted() | Done(_, True):
                        end.say(Drain())
        except BlockingIOError:
            return
        except ValueError:
            pass  # it speaks as the other program does; the end of its channel sends it away
        self._strangers.discard(end)
        self._selector.unregister(end)
        end.close()

    def _keep_or_dismiss(self, pid: int) -> None:
        """A free session worker waits for a caller, unless it knows only older settings."""
        child = self._children.get(pid)
        is_current = child is not None and child.generation == self._place.settings.generation
        is_outdated = pid in self.recertification.outdated
        if is_current and not is_outdated and not self._is_parting:
            self._standby.add(pid, time.monotonic())
        else:
            self._dismiss(pid)

    def _recertified(self, pid: int, *, could_read: bool) -> None:
        """Those who wait have the former certificates; who has a caller goes when he does."""
        if self.recertification.ended(pid, could_read=could_read):
            for worker in self._standby.retire(time.monotonic(), timeout=0):
                self._dismiss(worker)

    def _dismiss(self, pid: int) -> None:
        if pid in self.ends:
            self.ends[pid].say(Drain())

    def _drop_channel(self, pid: int) -> None:
        if pid in self.ends:
            self._selector.unregister(self.ends[pid])
            self._forget_channel(pid)

    def _forget_channel(self, pid: int) -> None:
        self.ends.pop(pid).close()
        self._children.close_channel(pid)

    def _bury(self, pid: int, status: int) -> None:
        if pid in self.ends:
            self.hear(pid)  # its last words
            self._drop_channel(pid)
        self._standby.drop(pid)
        self.recertification.outdated.discard(pid)
        child = self._children.remove(pid)
        self._debug_end(pid, status, child)
        if child is None:
            return  # CH-04: none of ours
        code = os.waitstatus_to_exitcode(status)
        if child.job is Job.DELIVERY:
            self._dispatch.gone(pid, time.monotonic(), found_no_place=code == NO_PLACE)
        elif child.job is Job.VALIDATION:
            self._validated(code)
        elif child.job is Job.CERTIFICATE:
            self._recertified(pid, could_read=code == 0)
        elif child.job is Job.COUNT:
            self._count.ended(could_count=code == 0)
        if code < 0 and not self._is_killing and not (self._is_parting and code == -signal.SIGTERM):
            if self._place.reception.policy.ended(child, -code):
                return
            job, name = child.job.value, name_of(-code)
            event = daemon_events.child_crashed(job, pid, name, child.address, child.uid)
            self._place.log.write(event)

    def _debug_end(self, pid: int, status: int, child: Child | None) -> None:
        debug = self._place.log.debug
        if not debug:
            return
        for line in debug_lines.ended(pid, status):
            debug(line)
        if child and child.holds_slot:
            self._debug_sessions()
        if child and child.job is Job.QUEUE_RUN:
            debug(debug_lines.queue_runs(self._children.count(Job.QUEUE_RUN), now=True))

    def _debug_sessions(self) -> None:
        if debug := self._place.log.debug:
            debug(debug_lines.sessions(self._children.all_sessions, now=True))
