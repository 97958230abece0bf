"""Which hosts could not be reached lately, so that not every message finds out anew.

A host that failed is left alone until its time comes, by the same schedule as messages.  `force`
asks every host.  A host is known by name, address and port together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymta.hints.store import Hints, HostHint
from pymta.mail.host import Host

NextTry = Callable[[float, float, float], float | None]  # see retry.schedule.Schedule.next_try

# A host past the end of the schedule: mail for it is returned by the messages' own schedule, but
# the host may come back, so it is tried at most this often, in seconds.
DEAD_HOST_PAUSE = 3600.0
# A failure that nobody has seen again for so long, in seconds, says nothing about a new one.
FORGIVEN = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class HostMemory:
    """`clock` gives seconds since the epoch."""

    hints: Hints
    next_try: NextTry
    clock: Callable[[], float]
    force: bool = False

    def wait_until(self, host: Host) -> float:
        """When it may be tried, in seconds since the epoch; 0: now."""
        hint = None if self.force else self.hints.get(host.key)
        # A hint from a clock that was ahead must not silence a host for years.
        is_sane = hint is not None and hint.last_tried <= self.clock()
        return hint.next_try if hint and is_sane and hint.next_try > self.clock() else 0.0

    def failed(self, host: Host, why: str) -> None:
        now = self.clock()
        hint = self.hints.get(host.key)
        counts = hint is not None and now - FORGIVEN < hint.last_tried <= now
        first = hint.first_failed if hint and counts else now
        last = hint.last_tried if hint and counts else now
        due = self.next_try(first, last, now)
        pause = now + DEAD_HOST_PAUSE if due is None else due
        self.hints.put(HostHint(host.key, first, now, pause, why))

    def reached(self, host: Host) -> None:
        if self.hints.get(host.key) is not None:
            self.hints.forget(host.key)
