"""Thousands of callers; by hand: packaging/dev run pytest -m long tests/long/test_crowd.py -s"""

from __future__ import annotations

import time

import pytest

from tests.doubles.crowd import (
    allow_descriptors,
    crowd,
    own_memory,
    resident,
    turn_away,
)
from tests.doubles.daemon import daemon, wait_until
from tests.lives.test_crowd import FULL, settled_descriptors
from tests.lives.test_session_life import descriptors, line, workers

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

PART = 512


def test_four_thousand_and_ninety_six_callers_at_once() -> None:
    """ST-06, LM-01, N-27: the last one is as little work as the first.

    How long he waits depends on the machine as well: a virtual one gets the memory for so many
    processes from its host while it is measured.
    """
    count = 4096
    allow_descriptors(count)
    with daemon(
        smtp_accept_max=count, smtp_receive_timeout="30m", worker_idle_timeout="1s"
    ) as made:
        idle = settled_descriptors(made.pid)
        began = time.monotonic()
        with (
            crowd(made, PART) as first,
            crowd(made, count - 2 * PART) as others,
            crowd(made, PART) as last,
        ):
            seconds = time.monotonic() - began
            assert first.heard | others.heard | last.heard == {"220 "}
            serving = workers(made)
            assert len(serving) == count
            assert f"; {count}/{count} connections" in made.status()
            assert turn_away(made, 100) == {FULL}
            print(
                f"\n{count} held, greeted in {seconds:.1f} s; wait of the first {PART}"
                f" {first.quartiles}, of the last {last.quartiles}; work of the supervisor for each"
                f" {1000 * first.own / PART:.2f} and {1000 * last.own / PART:.2f} ms;"
                f" memory of each {own_memory(serving):.0f} KiB,"
                f" of the supervisor {resident(made.pid)} KiB,"
                f" descriptors there {len(descriptors(made.pid))}, idle {idle}"
            )
            assert last.own < 3 * first.own
            began = time.monotonic()
        made.wait_for_idle()
        print(f"all slots free {time.monotonic() - began:.1f} s after everybody hung up")
        wait_until(lambda: settled_descriptors(made.pid) == idle, "no descriptor stays behind")


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
