"""Come again: who does, who does too early, too late, or not."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pymta.config.client_memory import Greylist
from pymta.hints.clients import Sighting
from pymta.policy.greylist import may_pass, seconds_left, seen

RULES = Greylist(delay=300, within=7200)
NOW = 1.7e9


def visits(*after: float) -> list[bool]:
    """Does who comes at these times pass?"""
    known: Sighting | None = None
    passed = []
    for seconds in after:
        known = seen(known, NOW + seconds, RULES)
        passed.append(may_pass(known, RULES))
    return passed


def test_the_first_time_nobody_passes_and_hears_how_long_to_wait() -> None:
    first = seen(None, NOW, RULES)

    assert not may_pass(first, RULES)
    assert seconds_left(first, RULES) == 300
    assert seconds_left(seen(first, NOW + 100, RULES), RULES) == 200


def test_who_comes_again_in_time_passes_from_then_on() -> None:
    assert visits(0, 10, 299, 300, 301, 10_000, 1e6) == [False] * 3 + [True] * 4


def test_who_comes_back_too_late_begins_anew() -> None:
    assert visits(0, 7201, 7300, 7501) == [False, False, False, True]


def test_each_pass_is_counted() -> None:
    known = None
    for seconds in (0, 300, 600):
        known = seen(known, NOW + seconds, RULES)

    assert known == Sighting(NOW, NOW + 600, 2)


def test_without_a_delay_everybody_passes() -> None:
    rules = Greylist(delay=0)

    assert may_pass(seen(None, NOW, rules), rules)


def test_a_clock_that_is_set_back_lets_nobody_in_early() -> None:
    assert visits(0, -5000, 299) == [False] * 3


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=30).map(sorted))
def test_whoever_has_passed_once_never_waits_again(times: list[float]) -> None:
    passed = visits(*times)

    assert all(later or not earlier for earlier, later in pairwise(passed))
    assert not passed[0]
