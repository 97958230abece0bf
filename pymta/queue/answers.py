"""May mail for these hosts be tried now?  Asked before a message is opened, and by who explains.

The hosts are those of one destination.  While all of them are left alone, so is the mail for them;
once all of them are past their schedule it may be tried, because then it is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pymta.dataclass import dataclass
from pymta.hints.store import HostHint
from pymta.hints.waits import HostWait
from pymta.mail.waiting import GO, Answer, Crowded, HostInRetry, TooFast, Wait

FindHint = Callable[[str], HostHint | None]


class Throttle(Protocol):
    def look(self, name: str) -> Crowded | TooFast | None: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """`find_hint` is asked for a host's key, `find_wait` for a message's id.

    `clock` gives seconds since the epoch.
    """

    find_hint: FindHint
    find_wait: Callable[[str], HostWait | None]
    throttle: Throttle
    clock: Callable[[], float]

    def after(self, id: str, destination: str, hosts: Sequence[str]) -> Answer:
        """After the attempt at a message of them, "" before the first.

        Hosts may be left alone for reasons that are not those of every message, such as the TLS
        that it needs; where its hosts are to be left alone, so are those of its group.
        """
        wait = self.find_wait(id) if id else None
        if wait and wait.until > self.clock():
            return Wait(wait.until, ())
        return self.about(destination, hosts)

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
