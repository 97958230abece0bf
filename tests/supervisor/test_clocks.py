"""The queue clock and the farewell: decisions on a clock that the test holds."""

from __future__ import annotations

import pytest

from pymta.channel.selection import Selection
from pymta.config.launch import Launch
from pymta.supervisor import queue_clock
from pymta.supervisor.farewell import LAST_WORDS, Farewell, Measure
from pymta.supervisor.queue_clock import QueueClock


def test_the_first_queue_run_is_due_at_once() -> None:
    """QR-01"""
    assert QueueClock(30, due_at=100.0).is_due(100.0)


def test_the_pace_is_from_start_to_start() -> None:
    """QR-02"""
    clock = QueueClock(30, due_at=100.0).started(100.0)

    assert not clock.is_due(129.9)
    assert clock.wait(120.0) == 10.0
    assert clock.is_due(130.0)


def test_no_interval_is_no_queue_run() -> None:
    clock = QueueClock(0, due_at=100.0)

    assert not clock.is_due(1e9)
    assert clock.wait(0) is None


@pytest.mark.parametrize(
    ("alive", "most", "expected"),
    [(0, 5, True), (4, 5, True), (5, 5, False), (6, 5, False), (99, 0, True), (1, 1, False)],
)
def test_as_many_runs_as_may_be(alive: int, most: int, expected: bool) -> None:
    """QR-03"""
    assert queue_clock.may_start(alive, most) is expected


def test_the_runs_of_a_daemon_take_what_its_command_line_said() -> None:
    """QR-09"""
    launch = Launch(force=True, two_stage=True, recipients="@a.example")

    assert queue_clock.selection(launch) == Selection(
        force=True, two_stage=True, recipients="@a.example", by="alarm"
    )


def test_a_stop_asks_then_terminates_then_kills() -> None:
    farewell = Farewell(deadline=30.0)
    assert farewell.measure(29.9) is Measure.WAIT
    assert farewell.measure(30.0) is Measure.TERMINATE

    farewell = farewell.after(Measure.TERMINATE, 30.0)
    assert farewell.measure(30.0 + LAST_WORDS - 0.1) is Measure.WAIT
    assert farewell.measure(30.0 + LAST_WORDS) is Measure.KILL


def test_a_second_request_ends_the_grace() -> None:
    farewell = Farewell(deadline=30.0).hurried(5.0)
    assert farewell.measure(5.0) is Measure.TERMINATE

    asked = farewell.after(Measure.TERMINATE, 5.0)
    assert asked.hurried(6.0) == asked
