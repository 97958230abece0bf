"""Scenarios of many messages that wait.

Touches: processes, sockets, disk, clock.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from tests.bench.peer import RELAY
from tests.bench.scenario import Extent, Figure, Figures, cost
from tests.bench.server import Server
from tests.bench.smarthost import smarthost

RUN_LIMIT, PATIENCE = 240.0, 5.0
SETTLED = 600.0  # seconds; Exim begins with a queue run, and a process for each message of it
VISIBLE = 0.999  # of the messages: who has one in hand just then may hide it


def run(server: Server, extent: Extent) -> Figures:
    """The smarthost was down when they came, and all of them were put off; now it is up, and an
    operator wants one run, also of what is not due.
    """
    sessions, messages = (extent.in_a_run // 100, 100) if not extent.quick else (2, 5)
    came = server.load.mail(10, to=RELAY, sessions=sessions, messages=messages)
    server.settle(90, extent.seconds(1.5))
    waiting = server.queued()
    if waiting < came.accepted:
        raise RuntimeError(f"of {came.accepted} messages {waiting} wait")
    with smarthost(extent.sink_port, extent.work) as count:
        before = server.cpu()
        began = time.monotonic()
        runner = _have_run(server, came.accepted, count)
        took = time.monotonic() - began
        runner.wait(RUN_LIMIT)
        server.settle(*extent.quiet)
        figures = cost(before, server.cpu(), came.accepted)
    return figures | {Figure.RATE: came.accepted / took}


def _have_run(server: Server, number: int, count: Callable[[], int]) -> subprocess.Popen[bytes]:
    """Order a run; as many messages have arrived when it returns who did it.

    Who has forgotten a message for a while (OpenSMTPD, after a smarthost that was down) is told
    again, as an operator would.
    """
    runner, end = _order(server), time.monotonic() + RUN_LIMIT
    again = time.monotonic() + PATIENCE
    while count() < number:
        if time.monotonic() > end:
            runner.kill()
            raise TimeoutError(f"{count()} of {number} messages have arrived")
        if runner.poll() is not None and time.monotonic() > again:
            runner, again = _order(server), time.monotonic() + PATIENCE
        time.sleep(0.02)
    return runner


def _order(server: Server) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        server.at.command(server.peer.run_queue),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def listing(server: Server, extent: Extent) -> Figures:
    """One message is put off, and copied in the queue as its format wants it; after a new start the
    server's own command shows all of them, three times: the first is one figure, the last another,
    because pymta takes notes.  The CPU time is that of the command and of the server.
    """
    number = extent.count(extent.listed)
    server.load.mail(1, to=RELAY, sessions=1)
    server.settle(10, extent.seconds(1.5))
    with server.stopped() as spool:
        server.peer.copies(spool, number - 1)
    server.settle(SETTLED, extent.seconds(3))
    first, _, again = (_listed(server, number, extent) for _ in range(3))
    return {
        Figure.CPU_MS: first[0] * 1000,
        Figure.SECONDS: first[1],
        Figure.AGAIN_CPU_MS: again[0] * 1000,
        Figure.AGAIN_SECONDS: again[1],
        Figure.UNITS: number,
    }


def _listed(server: Server, number: int, extent: Extent) -> tuple[float, float]:
    """Seconds of CPU time, and seconds."""
    before, began = server.cpu(), time.monotonic()
    text = server.at.run(server.peer.list_queue, RUN_LIMIT)
    took = time.monotonic() - began
    server.settle(*extent.quiet)
    shown = text.count("@sink.test")
    if shown < number * VISIBLE:
        raise RuntimeError(f"{shown} of {number} messages are shown")
    return server.cpu() - before, took
