"""A count that slides with the clock."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pymta.hints.window import Window, counted, level, turned

HOUR = 3600.0


def test_what_came_in_this_period_counts_whole() -> None:
    window = counted(counted(turned(None, 1000.0, HOUR), 3), 4)

    assert level(window, 1000.0 + HOUR / 2, HOUR) == 7


def test_what_came_in_the_period_before_fades() -> None:
    window = turned(Window(0.0, 8.0, 100.0), HOUR * 1.25, HOUR)

    assert window == Window(HOUR, 0.0, 8.0)
    assert level(window, HOUR * 1.25, HOUR) == 6
    assert level(window, HOUR * 1.5, HOUR) == 4


def test_what_is_older_is_forgotten() -> None:
    assert turned(Window(0.0, 8.0, 9.0), 2 * HOUR, HOUR) == Window(2 * HOUR)


def test_a_clock_that_is_set_back_a_little_changes_nothing() -> None:
    window = Window(1000.0, 8.0, 4.0)

    assert turned(window, 500.0, HOUR) == window
    assert level(window, 500.0, HOUR) == 12


def test_what_was_counted_while_the_clock_was_far_ahead_counts_no_more() -> None:
    now = 1_700_000_000.0
    window = Window(now + 30 * 86_400, 8.0, 4.0)

    assert turned(window, now, HOUR) == Window(now)


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200), st.integers(1, 20))
def test_whoever_is_held_to_a_limit_never_gets_twice_as_much(waits: list[float], most: int) -> None:
    """Over any period; and whoever stays below it is always let through."""
    period, window, taken = 10.0, None, list[float]()
    for now in itertools.accumulate(waits):
        before = turned(window, now, period)
        after = counted(before, 1)
        window = after if level(after, now, period) <= most else before
        if window is after:
            taken.append(now)
        else:
            # The estimate knows the two last periods only.
            assert sum(1 for time in taken if time > now - 2 * period) >= most / 2

    for time in taken:
        assert sum(1 for other in taken if time - period < other <= time) <= 2 * most
