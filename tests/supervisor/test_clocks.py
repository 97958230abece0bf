"""The queue clock and the farewell: decisions on a clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pymta.channel.selection import Selection
from pymta.config.launch import Launch
from pymta.config.run_word import RunWord, parse_run_word
from pymta.supervisor import queue_clock
from pymta.supervisor.farewell import LAST_WORDS, Farewell, Measure
from pymta.supervisor.queue_clock import QueueClock, start_clock


def words(*texts: str) -> tuple[RunWord, ...]:
    return tuple(map(parse_run_word, texts))


def anybody(_queue: str) -> bool:
    return True


def ticks(
    clock: QueueClock,
    until: float,
    *,
    lag: float = 0.0,
    may_start: Callable[[str], bool] = anybody,
) -> list[tuple[float, str]]:
    """Time and queue of each run up to `until`, when the loop comes `lag` too late every time."""
    started, now = [], 0.0
    while (wait := clock.wait(now)) is not None and now + wait + lag <= until:
        now += wait + lag
        word, clock = clock.tick(now, may_start)
        if word:
            started.append((round(now, 6), word.queue))
    return started


def test_the_first_queue_run_is_due_at_once() -> None:
    """QR-01"""
    clock = start_clock(words("-q30s"), 100.0)

    assert clock.wait(100.0) == 0.0
    assert clock.tick(100.0, anybody)[0] == RunWord(interval=30)


def test_the_pace_is_from_start_to_start() -> None:
    """QR-02"""
    _, clock = start_clock(words("-q30s"), 100.0).tick(100.0, anybody)

    assert clock.tick(129.9, anybody) == (None, clock)
    assert clock.wait(120.0) == 10.0
    assert clock.tick(130.0, anybody)[0]


def test_a_loop_that_comes_late_does_not_make_the_pace_slower() -> None:
    """QR-02, N-28: the next time is the last one and whole intervals."""
    started = ticks(start_clock(words("-q2s"), 0.0), 20.5, lag=0.4)

    assert [at for at, _ in started] == [n + 0.4 for n in range(0, 21, 2)]


def test_what_was_slept_through_is_not_made_up_for() -> None:
    _, clock = start_clock(words("-q2s"), 0.0).tick(0.0, anybody)

    word, clock = clock.tick(7.5, anybody)

    assert word
    assert clock.wait(7.5) == 1.0  # 8.0 is due, and no tick comes within a second
    assert clock.tick(8.5, anybody)[1].wait(8.5) == 1.5


def test_no_periodic_run_is_no_clock() -> None:
    clock = start_clock((), 100.0)

    assert clock.tick(1e9, anybody) == (None, clock)
    assert clock.wait(0) is None


def test_a_tick_starts_one_run_the_earliest_and_of_those_the_one_with_the_shortest_interval() -> (
    None
):
    """N-28"""
    clock = start_clock(words("-qGslow/1h", "-q4s", "-qGhipri/3s"), 0.0)

    assert ticks(clock, 9.0) == [
        (0.0, "hipri"),
        (1.0, ""),
        (2.0, "slow"),
        (3.0, "hipri"),
        (4.0, ""),
        (6.0, "hipri"),
        (8.0, ""),
        (9.0, "hipri"),
    ]


def test_ticks_are_a_second_apart_and_the_pace_of_each_queue_stays() -> None:
    """N-28: both fall due together again and again."""
    started = ticks(start_clock(words("-q2s", "-qGa/2s"), 0.0), 7.0, lag=0.01)

    assert started == [(n + 0.01, "" if n % 2 == 0 else "a") for n in range(7)]


def test_a_run_that_may_not_start_is_skipped_and_costs_the_others_nothing() -> None:
    """QR-03: silently, with no catching up later."""
    clock = start_clock(words("-q2s", "-qGfull/2s"), 0.0)

    started = ticks(clock, 5.0, may_start=lambda queue: queue != "full")
    assert started == [(0.0, ""), (2.0, ""), (4.0, "")]

    _, skipped = start_clock(words("-q30s"), 0.0).tick(0.0, lambda _: False)
    assert skipped.wait(1.0) == 29.0


@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.floats(0, 0.9),
    st.floats(0, 1e6),
)
def test_every_queue_gets_its_turn(intervals: list[int], lag: float, start: float) -> None:
    """However many there are and however late we come, none starves and none comes twice."""
    clock = start_clock(
        (RunWord(str(n), interval=seconds) for n, seconds in enumerate(intervals)), start
    )
    seen: dict[str, list[float]] = {}
    now = start
    while now < start + 200:
        now += (clock.wait(now) or 0.0) + lag
        word, clock = clock.tick(now, anybody)
        if word:
            seen.setdefault(word.queue, []).append(now)

    for n, seconds in enumerate(intervals):
        times = seen[str(n)]
        longest = max((b - a for a, b in pairwise(times)), default=0.0)
        assert longest <= 2 * seconds + 2 * len(intervals) * (1 + lag)
        if seconds > 2 * len(intervals) * (1 + lag):
            assert len(times) >= 200 // seconds - 1


def test_the_runs_of_a_daemon_take_what_its_command_line_said() -> None:
    """QR-09, N-03"""
    launch = Launch(force=True, recipients="@a.example", senders="^x", senders_are_pattern=True)
    (word,) = words("-qqiGhipri/5m")

    assert queue_clock.selection(word, launch, "alarm") == Selection(
        queue="hipri",
        two_stage=True,
        first_only=True,
        force=True,
        recipients="@a.example",
        senders="^x",
        senders_are_pattern=True,
        by="alarm",
        interval=300,
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
