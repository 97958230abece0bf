"""Which hosts could not be reached lately, so that not every message finds out anew.

A host that failed is left alone until its time comes, by the retry rules for it.  `force` asks
every host.  A host is known by name, address and port together.  What it would not do for some,
such as TLS or a login, is remembered beside it, under the terms on which they wanted it
(`pymta.transport.terms.Terms.key`): it may serve others.

Past the end of its schedule a host is hopeless: mail for it is returned, but it may come back, and
is asked once in a while.  With `delay_after_cutoff` messages that come in between are returned
without asking it (the classic default); without it each has its one try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from pymta.dataclass import dataclass
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
    """`clock` gives seconds since the epoch.  `terms` are those on which hosts are asked."""

    hints: Hints
    rules: RetryRules
    clock: Callable[[], float]
    force: bool = False
    delay_after_cutoff: bool = True
    is_last_try: bool = False
    terms: str = ""

    def on(self, terms: str) -> HostMemory:
        """The same, for who asks hosts on these terms."""
        return self if terms == self.terms else replace(self, terms=terms)

    def for_last_try(self) -> HostMemory:
        """The same, which asks every host that is not past the end of its own schedule."""
        return replace(self, is_last_try=True)

    def wait_until(self, host: Host) -> float:
        """When it may be tried, in seconds since the epoch; 0: now."""
        hint = None if self.force else self.hint(host)
        if hint is None or hint.next_try <= self.clock():
            return 0.0
        if hint.is_expired and not self.delay_after_cutoff:
            return 0.0
        if self.is_last_try and not hint.is_expired:
            return 0.0
        return hint.next_try

    def hint(self, host: Host) -> HostHint | None:
        """What is remembered of it, unless that came from a clock that was ahead."""
        found = [hint for hint in map(self._hint, self._keys(host)) if hint]
        return max(found, key=lambda hint: hint.next_try, default=None)

    def _hint(self, key: str) -> HostHint | None:
        hint = self.hints.get(key)
        # One from ahead must not silence a host for years.
        return hint if hint is not None and hint.last_tried <= self.clock() else None

    def _keys(self, host: Host) -> list[str]:
        return [host.key, f"{host.key} {self.terms}"] if self.terms else [host.key]

    def is_hopeless(self, host: Host) -> bool:
        hint = self.hint(host)
        return hint is not None and hint.is_expired

    def failed(
        self, host: Host, why: str, trouble: Trouble, *, is_about_terms: bool = False
    ) -> None:
        """`trouble` says whose message met it."""
        now = self.clock()
        trouble = replace(trouble, host=host)
        key = self._keys(host)[-1 if is_about_terms else 0]
        hint = self._hint(key)
        counts = hint is not None and now <= hint.next_try + FORGIVEN
        first = hint.first_failed if hint and counts else now
        last = hint.last_tried if hint and counts else now
        due = self.rules.next_try(trouble, first, last, now)
        pause = now + DEAD_HOST_PAUSE if due is None else due
        words = self.rules.words(trouble)
        self.hints.put(HostHint(key, first, now, pause, why, due is None, words))

    def reached(self, host: Host) -> None:
        for key in self._keys(host):
            if self.hints.get(key) is not None:
                self.hints.forget(key)
