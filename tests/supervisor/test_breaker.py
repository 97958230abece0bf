"""A file of policy functions that fails too often is put out of use."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pymta.config.policy_code import PolicyCode
from pymta.supervisor.breaker import Breaker

SETTINGS = PolicyCode(
    policy_file="/etc/pymta/policy.py",
    policy_breaker_failures=3,
    policy_breaker_time=60,
    policy_breaker_pause=300,
)
RULE = "policy_file:rcpt"


def test_a_few_failures_within_the_time_put_it_out_of_use_and_one_line_says_so() -> None:
    breaker = Breaker(SETTINGS)

    assert [breaker.failed(RULE, now) for now in (0, 59)] == ["", ""]
    assert not breaker.is_out()
    assert breaker.failed(RULE, 60) == (
        "/etc/pymta/policy.py is out of use for 5m: 3 failures within 1m, the last of"
        " policy_file:rcpt; each of its stages defers"
    )
    assert breaker.is_out()
    assert breaker.failed(RULE, 61) == ""


def test_failures_that_are_far_apart_change_nothing() -> None:
    breaker = Breaker(SETTINGS)

    assert {breaker.failed(RULE, now) for now in range(0, 10_000, 31)} == {""}
    assert not breaker.is_out()


def test_after_the_pause_it_is_in_use_again_until_it_fails_as_often_as_before() -> None:
    breaker = Breaker(replace(SETTINGS, policy_on_breaker="skip"))
    for now in range(3):
        line = breaker.failed(RULE, now)

    assert line.endswith("each of its stages asks the next")
    assert breaker.recovered(301) == ""
    assert breaker.is_out()
    assert breaker.recovered(302) == "/etc/pymta/policy.py is in use again"
    assert breaker.recovered(303) == ""
    assert not breaker.is_out()
    assert [bool(breaker.failed(RULE, now)) for now in (304, 305, 306)] == [False, False, True]


def test_none_is_too_many_where_the_settings_say_so() -> None:
    breaker = Breaker(replace(SETTINGS, policy_breaker_failures=0))

    assert {breaker.failed(RULE, 0) for _ in range(1000)} == {""}


@given(times=st.lists(st.floats(0, 1000)).map(sorted))
def test_it_is_put_out_of_use_exactly_when_so_many_lie_within_the_time(times: list[float]) -> None:
    breaker = Breaker(replace(SETTINGS, policy_breaker_pause=2000))
    for now in times:
        breaker.failed(RULE, now)

    together = zip(times, times[2:], strict=False)
    assert breaker.is_out() == any(last - first <= 60 for first, last in together)
