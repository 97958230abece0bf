"""Which hosts could not be reached lately, so that not every message finds out anew.

A host that failed is left alone until its time comes, by the retry rules for it.  `force` asks
every host.  A host is known by name, address and port together.

Past the end of its schedule a host is hopeless: mail for it is returned, but it may come back, and
is asked once in a while.  With `delay_after_cutoff` messages that come in between are returned
without asking it (the classic default); without it each has its one try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from pymta.hints.store import Hints, HostHint
from pymta.mail.host import Host
from pymta.mail.trouble import Trouble

# A host past the end of the schedule is tried at most this often, in seconds.
DEAD_HOST_PAUSE = 3600.0
# When nobody has asked a host for so long after its time had come, in seconds, an old failure says
# nothing about a new one: who knows what was in between.
FORGIVEN = 86_400.0


class RetryRules(Protocol):
    """What we need of `pymta.retry.rules.Rules`."""

    def next_try(
        self, trouble: Trouble, first_failed: float, last_tried: float, now: float
    ) -> float | None: ...

    def words(self, trouble: Trouble) -> str: ...


@dataclass(frozen=True, slots=True)
class HostMemory:
    """`clock` gives seconds since the epoch."""

    hints: Hints
    rules: RetryRules
    clock: Callable[[], float]
    force: bool = False
    delay_after_cutoff: bool = True

    def forced(self) -> HostMemory:
        """The same, which asks every host."""
        return replace(self, force=True)

    def wait_until(self, host: Host) -> float:
        """When it may be tried, in seconds since the epoch; 0: now."""
        hint = None if self.force else self.hint(host)
        if hint is None or hint.next_try <= self.clock():
            return 0.0
        if hint.is_expired and not self.delay_after_cutoff:
            return 0.0
        return hint.next_try

    def hint(self, host: Host) -> HostHint | None:
        """What is remembered of it, unless that came from a clock that was ahead."""
        hint = self.hints.get(host.key)
        # Such a hint must not silence a host for years.
        return hint if hint is not None and hint.last_tried <= self.clock() else None

    def is_hopeless(self, host: Host) -> bool:
        hint = self.hint(host)
        return hint is not None and hint.is_expired

    def failed(self, host: Host, why: str, trouble: Trouble) -> None:
        """`trouble` says whose message met it."""
        now = self.clock()
        trouble = replace(trouble, host=host)
        hint = self.hint(host)
        counts = hint is not None and now <= hint.next_try + FORGIVEN
        first = hint.first_failed if hint and counts else now
        last = hint.last_tried if hint and counts else now
        due = self.rules.next_try(trouble, first, last, now)
        pause = now + DEAD_HOST_PAUSE if due is None else due
        words = self.rules.words(trouble)
        self.hints.put(HostHint(host.key, first, now, pause, why, due is None, words))

    def reached(self, host: Host) -> None:
        if self.hints.get(host.key) is not None:
            self.hints.forget(host.key)
