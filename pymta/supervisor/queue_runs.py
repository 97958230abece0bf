"""Queue runs of the daemon: those of its own clock, and those that a command or a client asks for.

All count against `queue_run_max` (QR-03, QR-08).  Runs of other processes do not.

Touches: clock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from pymta.channel.control import BUSY
from pymta.channel.selection import Selection, asked_by
from pymta.config.per_queue import limit_of, may_start
from pymta.config.periodic import periodic_runs
from pymta.config.run_word import RunWord, parse_run_word
from pymta.mail.envelope import DEFAULT_QUEUE
from pymta.supervisor.children import Job
from pymta.supervisor.queue_clock import selection, start_clock
from pymta.supervisor.workplace import Workplace

WANT = "want -q, perhaps with letters and a queue behind it, as in -qffGhipri"


class QueueRuns:
    def __init__(self, place: Workplace) -> None:
        self._children = place.children
        self._deliveries = place.deliveries
        self._log = place.log
        self._launch = place.settings.launch
        self._limit = place.settings.queue.queue_run_max
        self._is_serial = place.settings.session.smtp_etrn_serialize
        self._domains: dict[str, int] = {}  # whose run was asked for by ETRN -> its process
        self._began = time.monotonic()
        self._first_by = "start"
        self._clock = start_clock(periodic_runs(place.settings), self._began)

    def go_on(self) -> None:
        """A reload has made this clock, and not a start."""
        self._first_by = "reload"

    def start_due(self, now: float) -> None:
        """At most one (N-28)."""
        word, clock = self._clock.tick(now, self._may_start)
        if clock is not self._clock and self._log.debug:
            self._log.debug("SIGALRM received")  # the classic word for it
        before, self._clock = self._clock, clock
        if word is not None:
            is_first = any(run.word is word and run.due_at <= self._began for run in before.runs)
            by = self._first_by if is_first else "alarm"
            self._deliveries.start_queue_run(selection(word, self._launch, by))

    def wait(self, now: float) -> float | None:
        return self._clock.wait(now)

    def lateness(self, now: float) -> float:
        """See `queue_clock`."""
        return self._clock.lateness(now)

    def start_asked(self, words: Sequence[str]) -> tuple[bool, str]:
        """A run for each of these words; have all begun, and what to tell whoever asked."""
        try:
            wanted = [parse_run_word(word) for word in words]
        except ValueError:
            return False, WANT
        if any(word.interval for word in wanted):
            return False, WANT
        told = [self._start_asked(word) for word in wanted]
        return all(has_begun for has_begun, _ in told), "\n".join(text for _, text in told)

    def _start_asked(self, word: RunWord) -> tuple[bool, str]:
        over = f" over {word.queue}" if word.queue else ""
        if not self._may_start(word.queue):
            most = limit_of(self._limit, word.queue)
            return False, f"{BUSY} queue runs{over} at once: queue_run_max is {most}"
        if not self._deliveries.start_queue_run(asked_by(word, "command")):
            return False, "no process can be started now"
        return True, f"a queue run{over} has begun"

    def start_for(self, domain: str) -> None:
        """ETRN: over what waits for it, in all queues, whatever the retry times say.

        What is asked for too often is not done, and what is not done now, later.
        """
        self._domains = {d: pid for d, pid in self._domains.items() if self._children.get(pid)}
        if (self._is_serial and domain in self._domains) or not self._may_start(DEFAULT_QUEUE):
            return
        before = "[@.]" if domain.startswith("@") else "@"
        pattern = f"{before}{re.escape(domain.removeprefix('@'))}$"
        selection = Selection(
            force=True, recipients=pattern, recipients_are_pattern=True, by="etrn", everywhere=True
        )
        if pid := self._deliveries.start_queue_run(selection):
            self._domains[domain] = pid

    def _may_start(self, queue: str) -> bool:
        alive = self._children.queue_runs
        alive[queue] += self._children.count(Job.UNKNOWN)  # they may be queue runs as well
        return may_start(self._limit, queue, alive)
