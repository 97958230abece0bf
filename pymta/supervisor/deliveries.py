"""Carry out what `dispatch` decides: fork delivery workers, give them ids, let them go.

Touches: processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from pymta.channel.life import Life
from pymta.channel.pair import End
from pymta.channel.selection import Selection
from pymta.channel.words import Deliver
from pymta.config.settings import Settings
from pymta.journal import daemon_events
from pymta.journal.log import Log
from pymta.supervisor import debug_lines, fork
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.dispatch import Dispatch, Give, Hire, RunFirst, Task

# It stands in for deliveries at once that did not fit, and leaves to queue runs what those leave.
_OVERFLOW = Selection(first_only=True, is_new=True, by="daemon")
Adopt = Callable[[Child, End], None]


class Deliveries:
    """Delivery workers and queue runs: everything that the supervisor forks without a caller."""

    def __init__(
        self, dispatch: Dispatch, children: Children, settings: Settings, log: Log
    ) -> None:
        self.dispatch = dispatch
        self._children = children
        self._settings = settings
        self._log = log
        self.trouble = ""  # why the last process that was wanted is not there; "" when it is

    def act(self, now: float, ends: Mapping[int, End], adopt: Adopt) -> None:
        """Do everything that can be done now; `adopt` gets each worker that is born of it."""
        while move := self.dispatch.next_move(now):
            match move:
                case Give(pid, task):
                    # Its channel may be closed while it is still to be reaped.
                    if pid in ends and ends[pid].say(Deliver(task.id, task.reach)):
                        self.dispatch.hired(pid, task)
                    else:
                        self.dispatch.gone(pid, now, found_no_place=False)
                        self.dispatch.hand_on(task)
                case Hire(task):
                    if not self._hire(task, adopt):
                        self.dispatch.no_process(now, task)
                case RunFirst(queue):
                    if not self.start_queue_run(replace(_OVERFLOW, queue=queue)):
                        self.dispatch.no_run(now, queue)

    def start_queue_run(self, selection: Selection) -> int:
        """Its process id; 0 when there can be no more processes (QR-04)."""
        life = fork.queue_life(self._settings, self._log, selection)
        try:
            pid = fork.fork(life, self._log.descriptors())
        except OSError as error:
            self.trouble = f"fork of queue-runner process failed: {error.strerror}"
            self._log.write(daemon_events.fork_failed("fork of queue-runner process", error))
            return 0
        self.trouble = ""
        generation = self._settings.generation
        self._children.add(Child(pid, Job.QUEUE_RUN, generation=generation, queue=selection.queue))
        if self._log.debug:
            self._log.debug(debug_lines.queue_runs(self._children.count(Job.QUEUE_RUN)))
        return pid

    def start_count(self, adopt: Adopt) -> None:
        """Have a child count the queue.  Raises OSError when there can be no more processes."""
        pid, ours = fork.fork_with_channel(
            lambda channel: fork.count_life(channel, self._settings), self._log.descriptors()
        )
        child = Child(pid, Job.COUNT, channel=ours.fileno(), generation=self._settings.generation)
        self._children.add(child)
        adopt(child, ours)

    def _hire(self, task: Task, adopt: Adopt) -> bool:
        """Fork a worker for this task; false when there can be no more processes."""
        try:
            life = partial(self._life, is_local=not task.destination)
            pid, ours = fork.fork_with_channel(life, self._log.descriptors())
        except OSError as error:
            self.trouble = f"delivery process fork failed: {error.strerror}"
            event = daemon_events.fork_failed("delivery process fork", error, QUEUE_ID=task.id)
            self._log.write(event)
            return False  # the message stays queued (ID-07)
        self.trouble = ""
        child = Child(
            pid, Job.DELIVERY, channel=ours.fileno(), generation=self._settings.generation
        )
        self._children.add(child)
        if self._log.debug:
            self._log.debug(f"forked delivery process {pid}", QUEUE_ID=task.id)
        self.dispatch.hired(pid, task)
        ours.say(Deliver(task.id, task.reach))
        adopt(child, ours)
        return True

    def _life(self, channel: End, *, is_local: bool) -> Life:
        return fork.delivery_life(channel, self._settings, self._log, is_local=is_local)
