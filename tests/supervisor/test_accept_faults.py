from __future__ import annotations

import errno
import os

import pytest

from pymta.supervisor.accept_faults import FLUSH_AT, Line, Series, failed, over

FULL = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
RESET = OSError(errno.EPROTO, os.strerror(errno.EPROTO))


def lines(errors: list[OSError]) -> list[Line]:
    """What is written when these come in a row and then a call gets through."""
    series, written = Series(), []
    for error in errors:
        series, line = failed(series, "accept", error)
        written.append(line)
    written.append(over(series)[1])
    return [line for line in written if line]


def test_three_failures_and_a_success_are_one_line() -> None:
    """AE-02, AE-03"""
    assert lines([FULL] * 3) == [Line("3 accept() failures: Too many open files")]


def test_one_failure_is_in_the_singular() -> None:
    """AE-03"""
    assert lines([FULL]) == [Line("1 accept() failure: Too many open files")]


def test_fifty_force_a_line_which_is_worth_a_panic() -> None:
    """AE-02, AE-03: 120 equal failures are 50, 50 and 20."""
    text = "accept() failures: Too many open files"
    assert lines([FULL] * 120) == [
        Line(f"50 {text}", is_panic=True),
        Line(f"50 {text}", is_panic=True),
        Line(f"20 {text}"),
    ]


def test_another_cause_begins_another_series() -> None:
    """AE-02"""
    assert [line.text for line in lines([FULL, FULL, RESET])] == [
        "2 accept() failures: Too many open files",
        "1 accept() failure: Protocol error",
    ]


def test_a_shortage_slows_us_down_and_never_for_long() -> None:
    """AE-04"""
    series, pauses = Series(), []
    for _ in range(6):
        series, _line = failed(series, "accept", FULL)
        pauses.append(series.pause)

    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert failed(Series(), "accept", RESET)[0].pause == 0
    assert over(series)[0].pause == 0


@pytest.mark.parametrize(
    ("kind", "error", "expected"),
    [
        ("accept", FULL, "last accept() failed: Too many open files"),
        ("select", RESET, "last select() failed: Protocol error"),
    ],
    ids=["accept", "wait"],
)
def test_who_asks_hears_of_the_last_failure(kind: str, error: OSError, expected: str) -> None:
    """AE-01, AE-04"""
    series, _line = failed(Series(), kind, error)

    assert series.last == expected
    assert over(series)[0].last == ""


def test_a_wait_that_fails_always_slows_us_down() -> None:
    """AE-01: nothing else would keep the loop from turning as fast as it can."""
    assert failed(Series(), "select", RESET)[0].pause == 0.1


def test_whatever_fails_fifty_times_in_a_row_slows_us_down() -> None:
    """AE-04: a listener that is broken for good is readable for ever."""
    series, pauses = Series(), []
    for _ in range(FLUSH_AT + 3):
        series, _line = failed(series, "accept", RESET)
        pauses.append(series.pause)

    assert pauses == [0.0] * FLUSH_AT + [0.1, 0.2, 0.4]
    assert failed(series, "accept", OSError(errno.EPERM, "no"))[0].pause == 0
