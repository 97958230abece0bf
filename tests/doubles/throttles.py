"""Throttles over real locks, with counts in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pymta.config.per_domain import CountPer, RatePer
from pymta.hints.clients import Clients
from pymta.hints.no_clients import NoClients
from pymta.transport.seats import Seats
from pymta.transport.throttle import Throttle


def throttle(
    directory: Path,
    *,
    concurrency: CountPer = 0,
    rate: RatePer = "",
    counts: Clients | None = None,
    now: Callable[[], float] = lambda: 0.0,
) -> Throttle:
    """One that never waits for a seat."""
    moments = iter(range(1_000_000))
    return Throttle(
        Seats(directory),
        counts or NoClients(),
        concurrency,
        rate,
        20,
        now=now,
        clock=lambda: 10.0 * next(moments),
        sleep=lambda _: None,
    )
