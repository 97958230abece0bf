"""The retry schedule, checked against what the classic daemon does with the same rules."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pymta.config.queue import Queue
from pymta.config.retry_rules import Rule
from pymta.retry.schedule import Schedule, parse_schedule

START = 1_700_000_000.0
MINUTE, HOUR, DAY = 60, 3600, 86_400
DEFAULT = parse_schedule(Queue().retry)


def tries(schedule: Schedule) -> list[float]:
    """When a host that is always down is tried, in seconds since its first failure."""
    times = [0.0]
    before = START
    while True:
        now = START + times[-1]
        due = schedule.next_try(START, before, now)
        if due is None:
            return times
        before = now
        times.append(due - START)


def test_the_default_tries_every_quarter_then_ever_longer_then_every_six_hours() -> None:
    times = tries(DEFAULT)

    assert times[:9] == [15 * MINUTE * n for n in range(9)]
    geometric = [2.25 * HOUR]
    for n in range(6):
        geometric.append(geometric[-1] + HOUR * 1.5**n)
    assert times[9:16] == geometric
    rest = times[16:]
    assert all(later - sooner == 6 * HOUR for sooner, later in pairwise(rest))


def test_the_default_gives_up_with_the_first_failure_after_four_days() -> None:
    times = tries(DEFAULT)

    assert times[-2] <= 4 * DAY < times[-1] <= 4 * DAY + 6 * HOUR
    assert DEFAULT.rules[-1].cutoff == 4 * DAY


@pytest.mark.parametrize(
    ("elapsed", "wait"),
    [
        pytest.param(0, 15 * MINUTE, id="first failure"),
        pytest.param(2 * HOUR, 15 * MINUTE, id="the last moment of the first rule"),
        pytest.param(2 * HOUR + 1, HOUR, id="the first moment of the second"),
        pytest.param(3 * HOUR, 1.5 * HOUR, id="one step grown"),
        pytest.param(4.5 * HOUR, 2.25 * HOUR, id="two steps grown"),
        pytest.param(16 * HOUR, HOUR * 1.5**5, id="the last moment of the second"),
        pytest.param(16 * HOUR + 1, 6 * HOUR, id="the third"),
        pytest.param(4 * DAY, 6 * HOUR, id="the last moment of all"),
        pytest.param(4 * DAY + 1, None, id="past the end"),
    ],
)
def test_the_rule_in_force_follows_from_the_time_since_the_first_failure(
    elapsed: float, wait: float | None
) -> None:
    now = START + elapsed

    due = DEFAULT.next_try(START, now, now)

    assert due == (None if wait is None else now + wait)


def test_a_wait_never_grows_by_more_than_the_factor_over_the_one_before() -> None:
    now = START + 15 * HOUR

    assert DEFAULT.next_try(START, now - 2 * HOUR, now) == now + 3 * HOUR


def test_a_try_that_somebody_forced_does_not_shorten_the_wait_below_the_first_interval() -> None:
    now = START + 15 * HOUR

    assert DEFAULT.next_try(START, now - 5, now) == now + HOUR


def test_a_clock_that_was_set_back_starts_the_schedule_anew() -> None:
    assert DEFAULT.next_try(START, START, START - DAY) == START - DAY + 15 * MINUTE


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    cutoffs = sorted(draw(st.sets(st.integers(1, 30 * DAY), min_size=1, max_size=5)))
    return Schedule(
        tuple(
            Rule(cutoff, draw(st.integers(1, cutoff)), draw(st.sampled_from([1.0, 1.001, 1.5, 99])))
            for cutoff in cutoffs
        )
    )


TIMES = st.integers(0, 60 * DAY)


@given(schedules(), TIMES, TIMES)
def test_no_wait_is_longer_than_the_longest(schedule: Schedule, last: int, now: int) -> None:
    again = schedule.next_try(0, last, now)

    assert again is None or again - now <= schedule.longest


@given(schedules(), TIMES, TIMES)
def test_a_next_try_is_always_later_than_now(
    schedule: Schedule, elapsed: int, last_wait: int
) -> None:
    now = START + elapsed
    due = schedule.next_try(START, now - last_wait, now)

    assert (due is None) == (elapsed > schedule.rules[-1].cutoff)
    assert due is None or due >= now + 1


@given(schedules(), TIMES, TIMES)
def test_within_one_rule_waits_never_become_shorter(
    schedule: Schedule, one: int, other: int
) -> None:
    sooner, later = sorted((one, other))
    cutoffs = [rule.cutoff for rule in schedule.rules]
    assume(sum(c < sooner for c in cutoffs) == sum(c < later for c in cutoffs))

    first = schedule.next_try(START, START + sooner, START + sooner)
    second = schedule.next_try(START, START + later, START + later)

    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert second - later >= first - sooner


@given(schedules(), TIMES, TIMES)
def test_giving_up_is_for_good(schedule: Schedule, one: int, other: int) -> None:
    sooner, later = sorted((one, other))
    if schedule.next_try(START, START, START + sooner) is None:
        assert schedule.next_try(START, START, START + later) is None
