"""When the watchdog is fed: a loop that turns must also serve, and need not do more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.supervisor.pulse import PATIENCE, Pulse, Signs

WELL = Signs()


def felt(*moments: tuple[float, Signs]) -> list[str]:
    """What each look says, one after another."""
    pulse, found = Pulse(), []
    for now, signs in moments:
        pulse, why = pulse.feel(signs, now)
        found.append(why)
    return found


def test_a_loop_that_has_nothing_to_do_is_well() -> None:
    assert felt((100.0, WELL), (1000.0, WELL)) == ["", ""]


def test_a_wait_that_fails_is_no_life() -> None:
    (why,) = felt((100.0, replace(WELL, wait_failed="Bad file descriptor")))

    assert why == "the loop cannot wait for anything: Bad file descriptor"


def test_listeners_that_nobody_watches_are_no_life() -> None:
    (why,) = felt((100.0, replace(WELL, watches=False)))

    assert why == "nobody waits for callers"


def test_listeners_left_alone_for_a_moment_are_well() -> None:
    """AE-04"""
    paused = replace(WELL, watches=False, pause_ends=101.0, callers=20)

    assert felt((100.0, paused), (100.5, paused)) == ["", ""]


def test_a_pause_that_does_not_end_is_no_life() -> None:
    (why,) = felt((130.0, replace(WELL, watches=False, pause_ends=101.0)))

    assert why == "a pause in accepting calls is 29 s too long"


def test_who_has_called_a_moment_ago_is_nobodys_fault() -> None:
    """However long ago the last look was, and the last call."""
    calls = replace(WELL, callers=1, attempts=7)

    assert felt((100.0, replace(WELL, attempts=7)), (9000.0, calls)) == ["", ""]


def test_callers_whom_nobody_tries_to_take_are_no_life() -> None:
    calls = replace(WELL, callers=3, attempts=7)

    *_, soon, late = felt((100.0, calls), (130.0, calls), (139.0, calls), (160.0, calls))

    assert soon == ""
    assert late == "callers wait, and none was taken for 30 s"


def test_callers_of_whom_none_can_be_accepted_are_no_reason() -> None:
    """A full descriptor table: each attempt fails, and is made again."""
    calls = [(100.0 + n, replace(WELL, callers=20, attempts=n)) for n in range(60)]

    assert not any(felt(*calls))


def test_one_attempt_makes_good() -> None:
    calls = replace(WELL, callers=3, attempts=7)
    taken = replace(calls, attempts=8)

    *_, sick, well = felt((100.0, calls), (130.0, calls), (160.0, calls), (161.0, taken))

    assert sick
    assert well == ""


def test_a_queue_clock_that_stands_is_no_life() -> None:
    (why,) = felt((100.0, replace(WELL, clock_late=61.0)))

    assert why == "the queue clock is 61 s late"


def test_a_daemon_that_stops_takes_no_calls_and_is_well() -> None:
    stops = replace(WELL, listens=False, watches=False, callers=9)

    assert felt((100.0, stops), (200.0, stops)) == ["", ""]


@given(
    callers=st.lists(st.integers(0, 9), min_size=2, max_size=9),
    late=st.floats(0, PATIENCE),
    step=st.floats(0.1, 60),
)
def test_a_loop_that_tries_and_ticks_is_always_fed(
    callers: list[int], late: float, step: float
) -> None:
    moments = [
        (n * step, Signs(callers=waiting, attempts=n + 1, clock_late=late))
        for n, waiting in enumerate(callers)
    ]

    assert not any(felt(*moments))


@pytest.mark.parametrize("pace", [1.0, 30.0])
def test_deafness_is_felt_at_every_pace(pace: float) -> None:
    calls = replace(WELL, callers=1)
    looks = int(PATIENCE / pace) + 3

    assert felt(*((n * pace, calls) for n in range(1, looks + 1)))[-1]
