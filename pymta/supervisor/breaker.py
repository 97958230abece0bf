"""A file of policy functions that fails again and again is put out of use for a while.

Sessions say each failure, and those who come after a few within a short time do not ask it any
more.  The supervisor only counts: it has never read the file, and does not know what is in it.

One client who has found out how to make it fail must not decide for all others.  So failures with
one client put it out of use for him; for everybody, when there are as many clients with whom it
has failed.  A client is an address, or a /64 of IPv6, of which one caller has as many as he likes.
"""

from __future__ import annotations

from collections import deque
from ipaddress import IPv6Address, ip_address

from pymta.config.duration import format_duration
from pymta.config.policy_code import PolicyCode

MOST_CLIENTS = 10_000  # that are remembered; then the longest known is forgotten
_PREFIX = 64


def client_of(address: str, uid: int) -> str:
    """By which name he is counted, and told."""
    if not address:
        return f"uid {uid}"
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        network = int(parsed) >> (128 - _PREFIX) << (128 - _PREFIX)
        return f"[{IPv6Address(network)}/{_PREFIX}]"
    return f"[{address}]"


class Breaker:
    """Times are on the clock of the loop."""

    def __init__(self, settings: PolicyCode) -> None:
        self._settings = settings
        self._failures: dict[str, deque[float]] = {}  # by client, whoever failed last at the end
        self._out: dict[str, float] = {}  # clients for whom it is out of use, and until when
        self._until: float | None = None  # while it is out of use for everybody

    def failed(self, rule: str, client: str, now: float) -> str:
        """One more.  The line to write now, "" for none."""
        most = self._settings.policy_breaker_failures
        if not most or self.is_out(client, now):  # of a session that began before
            return ""
        times = self._failures.pop(client, None) or deque[float](maxlen=most)
        self._failures[client] = times
        times.append(now)
        if len(self._failures) > MOST_CLIENTS:
            del self._failures[next(iter(self._failures))]
        since, until = now - self._settings.policy_breaker_time, now + self._pause
        if self._clients_since(since) >= most > 1:
            self._failures.clear()
            self._until = until
            return self._line("", f"failures with {most} clients", rule)
        if len(times) < most or times[0] < since:
            return ""
        self._failures[client] = deque([now], maxlen=most)  # one of those that count for everybody
        self._out = {one: until for one, until in self._out.items() if now < until}
        self._out[client] = until
        return self._line(f" for {client}", "1 failure" if most == 1 else f"{most} failures", rule)

    @property
    def has_opened(self) -> bool:
        """Is it out of use for anybody, or was, as far as is remembered?"""
        return self._until is not None or bool(self._out)

    def recovered(self, now: float) -> str:
        """The line to write when everybody's time is over, once; "" for none."""
        if self._until is None or now < self._until:
            return ""
        self._until = None
        return f"{self._settings.policy_file} is in use again"

    def is_out(self, client: str, now: float) -> bool:
        return self.is_out_for_all(now) or now < self._out.get(client, now)

    def is_out_for_all(self, now: float) -> bool:
        return self._until is not None and now < self._until

    @property
    def _pause(self) -> int:
        return self._settings.policy_breaker_pause

    def _clients_since(self, since: float) -> int:
        found = 0
        for times in reversed(self._failures.values()):
            if times[-1] < since:
                break
            found += 1
        return found

    def _line(self, whom: str, how_often: str, rule: str) -> str:
        settings = self._settings
        time, pause = map(format_duration, (settings.policy_breaker_time, self._pause))
        what = "asks the next" if settings.policy_on_breaker == "skip" else "defers"
        return (
            f"{settings.policy_file} is out of use{whom} for {pause}: {how_often} within {time},"
            f" the last of {rule}; each of its stages {what}"
        )
