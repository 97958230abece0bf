"""Scenarios of sessions without mail, and of the server while nobody says anything.

Touches: processes, sockets, clock.
"""

from __future__ import annotations

import statistics
import time

from tests.bench.scenario import Extent, Figure, Figures, cost
from tests.bench.server import Server


def sessions(server: Server, extent: Extent, at_once: int, *, closes: bool) -> Figures:
    """220, QUIT, 221; a client that `closes` does not wait for the last."""
    before = server.cpu()
    most = extent.count(0)
    came = server.load.sessions(at_once, extent.seconds(4), most, closes=closes)
    server.settle(*extent.quiet)  # who closes does not see the end of it
    return cost(before, server.cpu(), came.well) | {
        Figure.RATE: came.well / came.seconds,
        Figure.P50_MS: came.times["banner"].p50,
        Figure.P99_MS: came.times["banner"].p99,
    }


def refusals(server: Server, extent: Extent) -> Figures:
    """421 while as many sessions as are taken are held."""
    assert server.wish
    with server.load.held(server.wish.connections) as held:
        if held < server.wish.connections:
            raise RuntimeError(f"only {held} sessions could be held")
        before = server.cpu()
        came = server.load.refusals(10, extent.seconds(4), extent.count(0))
        figures = cost(before, server.cpu(), came.refused)
    return figures | {
        Figure.RATE: came.refused / came.seconds,
        Figure.P50_MS: came.times["banner"].p50,
    }


def held(server: Server, extent: Extent) -> Figures:
    """What a session that waits costs in memory."""
    server.settle(extent.seconds(10), 0.5)
    before = server.pss()
    with server.load.held(extent.count(100)) as number:
        time.sleep(extent.seconds(2))
        after = server.pss()
    return {Figure.KIB: (after - before) / number, Figure.UNITS: number}


def rest(server: Server, extent: Extent) -> Figures:
    """What the whole server takes of memory when nobody has called it for a while."""
    time.sleep(extent.seconds(12))
    return {Figure.KIB: server.pss(), Figure.UNITS: len(server.at.pids())}


def starts(server: Server, extent: Extent) -> Figures:
    """From the start of the program to its first greeting; files are in the page cache."""
    wish = server.wish
    assert wish
    took, cpu = [], []
    for _ in range(extent.count(5, 1)):
        server.stop()
        before = server.cpu()
        took.append(server.start_again(wish))
        server.settle(*extent.quiet)
        cpu.append(server.cpu() - before)
    return {
        Figure.SECONDS: statistics.median(took),
        Figure.CPU_MS: statistics.median(cpu) * 1000,
        Figure.UNITS: len(took),
    }
