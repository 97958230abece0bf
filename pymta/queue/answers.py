"""May mail for these hosts be tried now?  Asked before a message is opened, and by who explains.

The hosts are those of one destination.  While all of them are left alone, so is the mail for them;
once all of them are past their schedule it may be tried, because then it is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pymta.hints.store import HostHint
from pymta.mail.waiting import GO, Answer, Crowded, HostInRetry, TooFast, Wait

FindHint = Callable[[str], HostHint | None]


class Throttle(Protocol):
    def look(self, name: str) -> Crowded | TooFast | None: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """`find_hint` is asked for a host's key; `clock` gives seconds since the epoch."""

    find_hint: FindHint
    throttle: Throttle
    clock: Callable[[], float]

    def about(self, destination: str, hosts: Sequence[str]) -> Answer:
        now = self.clock()
        hints = [hint for host in hosts if (hint := self._silenced(host, now))]
        if hosts and len(hints) == len(hosts) and not all(hint.is_expired for hint in hints):
            return Wait(min(hint.next_try for hint in hints), tuple(map(_reason, hints)))
        if refusal := self.throttle.look(destination):
            return Wait(refusal.until, (refusal,))
        return GO

    def _silenced(self, host: str, now: float) -> HostHint | None:
        hint = self.find_hint(host)
        return hint if hint and hint.last_tried <= now < hint.next_try else None


def _reason(hint: HostHint) -> HostInRetry:
    return HostInRetry(
        hint.next_try, hint.host, hint.first_failed, hint.why, hint.rule, hint.is_expired
    )
