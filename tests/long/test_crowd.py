"""Thousands of callers; by hand: packaging/dev run pytest -m long tests/long/test_crowd.py -s"""

from __future__ import annotations

import statistics
import time

import pytest

from tests.doubles.crowd import (
    allow_descriptors,
    crowd,
    own_memory,
    resident,
    touch_memory,
    turn_away,
)
from tests.doubles.daemon import daemon, wait_until
from tests.lives.test_crowd import FULL, settled_descriptors
from tests.lives.test_session_life import descriptors, line, workers

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

EACH = 4 << 20  # bytes, generously


def test_four_thousand_and_ninety_six_callers_at_once() -> None:
    """ST-06, LM-01, N-27: the last one waits no longer than the first."""
    count = 4096
    if not allow_descriptors(count):
        pytest.skip("not enough descriptors for this many callers")
    touch_memory(count * EACH)
    with daemon(
        smtp_accept_max=count, smtp_receive_timeout="30m", worker_idle_timeout="1s"
    ) as made:
        idle = settled_descriptors(made.pid)
        began = time.monotonic()
        with crowd(made, count) as held:
            seconds = time.monotonic() - began
            assert held.heard == {"220 "}
            serving = workers(made)
            assert len(serving) == count
            assert f"; {count}/{count} connections" in made.status()
            assert turn_away(made, 100) == {FULL}
            print(
                f"\n{count} held, greeted in {seconds:.1f} s;"
                f" first hundred {held.quartiles(slice(100))},"
                f" last hundred {held.quartiles(slice(-100, None))};"
                f" memory of each {own_memory(serving):.0f} KiB,"
                f" of the supervisor {resident(made.pid)} KiB,"
                f" descriptors there {len(descriptors(made.pid))}, idle {idle}"
            )
            first, last = (
                statistics.median(held.waited[w]) for w in (slice(100), slice(-100, None))
            )
            assert last < 3 * first
            began = time.monotonic()
        made.wait_for_idle()
        print(f"all slots free {time.monotonic() - began:.1f} s after everybody hung up")
        wait_until(lambda: len(descriptors(made.pid)) == idle, "no descriptor stays behind")


def test_a_hundred_thousand_refused_callers() -> None:
    """CL-01, LM-01"""
    count = 100_000
    with daemon(smtp_accept_max=1, smtp_receive_timeout="30m") as made, made.raw() as held:
        assert line(held).startswith("220 ")
        before = settled_descriptors(made.pid)
        turn_away(made, 1000)
        memory = resident(made.pid)
        began = time.monotonic()
        assert turn_away(made, count) == {FULL}
        seconds = time.monotonic() - began
        print(
            f"\n{count} refused in {seconds:.1f} s, {count / seconds:.0f} a second;"
            f" memory {memory} KiB before, {resident(made.pid)} after;"
            f" descriptors {before} before, {settled_descriptors(made.pid)} after"
        )
        assert settled_descriptors(made.pid) == before
        assert resident(made.pid) < memory + 1000
        assert "; 1/1 connections" in made.status()
        held.sendall(b"QUIT\r\n")
        assert line(held).startswith("221 ")
        made.wait_for_idle()
        assert "; 0/1 connections" in made.status()
