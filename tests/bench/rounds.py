"""The run: rounds in which every server is measured beside every other, scenario by scenario.

So a slow minute of the machine is a slow minute for all of them, and the median over the rounds
leaves it out.

Touches: processes, disk, clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from tests.bench.rows import Row
from tests.bench.scenario import Extent, Scenario
from tests.bench.server import Server

WARMING = 20  # messages


def run(
    servers: Sequence[Server],
    scenarios: Sequence[Scenario],
    rounds: int,
    extent: Extent,
    tell: Callable[[Row], None],
) -> None:
    """Tells each row as soon as it is there.  A measurement that fails is a row that says so.

    Servers that were started are left running.
    """
    for number in range(rounds):
        for scenario in scenarios:
            if scenario.is_once and number:
                continue
            # Whoever is idle meanwhile is ended: what he does by the way is none of the others'.
            for server in servers:
                if _is_fresh(scenario, extent) or server.wish not in {None, scenario.wish}:
                    server.stop()
            for server in servers:
                if scenario.name not in server.peer.lacks:
                    tell(measured(number, scenario, server, extent))


def measured(number: int, scenario: Scenario, server: Server, extent: Extent) -> Row:
    began, load = time.monotonic(), os.getloadavg()[0]
    figures: dict[str, float] = {}
    failure = ""
    try:
        _ready(scenario, server, extent)
        os.sync()  # what others have written is not to be waited for in it
        load = os.getloadavg()[0]
        figures = {str(name): value for name, value in scenario.measure(server, extent).items()}
        if _is_fresh(scenario, extent):
            server.clear()
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are still to be measured
        failure = f"{type(error).__name__}: {error}"
        server.clear()
    return Row(
        number,
        scenario.name,
        server.peer.name,
        figures,
        failure,
        (load, os.getloadavg()[0]),
        round(time.monotonic() - began, 1),
    )


def _ready(scenario: Scenario, server: Server, extent: Extent) -> None:
    if scenario.is_apart:
        server.stop()
    elif not scenario.is_seen:
        server.start_unseen(scenario.wish)
    elif _is_fresh(scenario, extent) or not server.is_usable(scenario.wish):
        server.start(scenario.wish)
        if not scenario.wish.queue_only:
            server.warm_up(extent.count(WARMING, 2))


def _is_fresh(scenario: Scenario, extent: Extent) -> bool:
    """A quick round takes the servers as they are where it can."""
    return scenario.is_fresh and not extent.quick
