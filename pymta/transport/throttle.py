"""How much goes to one destination: at once, and in a time; over all processes of this host.

Asked for the domain that mail goes to, and for each host that is to be asked, so that twenty
domains on one host that hangs are no more than one.  A seat is waited for a moment, because the
mail of others leaves seats all the time; a rate is not.  Commands of users have seats as well, so
that one user whose command is slow does not have all workers wait for it.

Where the seats or the counts cannot be had, mail goes: a full disk stops no delivery.

Touches: disk, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pymta.config.duration import format_duration
from pymta.config.per_domain import CountPer, Rate, RatePer, concurrency_of, rate_of
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.hints.clients import Clients
from pymta.hints.clients_sqlite import SqliteClients
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.waiting import Crowded, TooFast
from pymta.transport.seats import Seats

PATIENCE = 2.0  # seconds to wait for a seat
PAUSE = 0.05  # between looks
CROWDED_PAUSE = 60.0  # until somebody for whom there was no seat is due again
MOST_COMMANDS = 4  # at once of one account; the helper runs no more (`pymta.local.rota`)

Refusal = Crowded | TooFast


@dataclass(frozen=True, slots=True)
class Throttle:
    """`now` gives seconds since the epoch, `clock` monotonic ones."""

    seats: Seats
    counts: Clients
    concurrency: CountPer
    rate: RatePer
    deliver_max: int
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def at_destination(self, name: str) -> AbstractContextManager[Refusal | None]:
        """None: go on, and while the context lasts you count."""
        return self._at(f"destination {name}", name, rate_of(self.rate, name))

    def at_host(self, host: Host, destination: str) -> AbstractContextManager[Refusal | None]:
        """The same for a host, which counts by address, under whatever name it is asked."""
        rate = None if host.name == destination else self._rate_of_host(host)
        return self._at(f"host {host.address}:{host.port}", host.name, rate)

    def at_server(self, server: Host | LocalSocket) -> AbstractContextManager[Refusal | None]:
        """The same for a server that has mailboxes of ours (LMTP)."""
        if isinstance(server, Host):
            return self.at_host(server, "")
        return self._at(f"server {server.path}", str(server), None)

    def at_command(self, account: str) -> AbstractContextManager[Refusal | None]:
        """The same for a command that runs as this account."""
        return self._seat(f"command {account}", f"commands of {account}", MOST_COMMANDS, None)

    def look(self, name: str) -> Refusal | None:
        """What would be said now, without taking anything."""
        if refusal := self._too_fast(f"destination {name}", name, 0.0, rate_of(self.rate, name)):
            return refusal
        most = concurrency_of(self.concurrency, name, self.deliver_max)
        try:
            seat = self.seats.take(f"destination {name}", most)
        except OSError:
            return None
        if seat is None:
            return Crowded(self.now() + CROWDED_PAUSE, name, most)
        self.seats.leave(f"destination {name}", seat)
        return None

    def _rate_of_host(self, host: Host) -> Rate | None:
        """Only where a table has it: one rate for all is meant for each domain."""
        return rate_of(self.rate, host.name) if isinstance(self.rate, dict) else None

    def _at(self, key: str, name: str, rate: Rate | None) -> AbstractContextManager[Refusal | None]:
        most = concurrency_of(self.concurrency, name, self.deliver_max)
        return self._seat(key, name, most, rate)

    @contextmanager
    def _seat(self, key: str, name: str, most: int, rate: Rate | None) -> Iterator[Refusal | None]:
        try:
            seat = self._wait_for_seat(key, most)
        except OSError:
            yield self._too_fast(key, name, 1.0, rate)
            return
        if seat is None:
            yield Crowded(self.now() + CROWDED_PAUSE, name, most)
            return
        try:
            yield self._too_fast(key, name, 1.0, rate)
        finally:
            self.seats.leave(key, seat)

    def _wait_for_seat(self, key: str, most: int) -> int | None:
        until = self.clock() + PATIENCE
        while (seat := self.seats.take(key, most)) is None and self.clock() < until:
            self.sleep(PAUSE)
        return seat

    def _too_fast(self, key: str, name: str, amount: float, rate: Rate | None) -> TooFast | None:
        """`amount` 0: only look."""
        if rate is None:
            return None
        if amount:
            level = self.counts.count(key, amount, rate.period, most=rate.most)
        else:
            level = (self.counts.level(key, rate.period) or 0.0) + 1
        if level is None or level <= rate.most:
            return None
        pause = max(1.0, rate.period / rate.most)  # by then one more has its turn
        text = f"{rate.most}/{format_duration(rate.period)}"
        return TooFast(self.now() + pause, name, text)


def throttle_of(settings: Settings) -> Throttle:
    """As the settings have it."""
    state, queue = Path(settings.machine.state_directory), settings.queue
    return Throttle(
        Seats(state / "run"),
        SqliteClients(state / "hints" / "destinations.sqlite"),
        queue.destination_concurrency,
        queue.destination_rate,
        queue.deliver_max,
    )
