"""A file of policy functions that fails too often is put out of use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.policy_code import PolicyCode
from pymta.supervisor.breaker import MOST_CLIENTS, Breaker, client_of

SETTINGS = PolicyCode(
    policy_file="/etc/pymta/policy.py",
    policy_breaker_failures=3,
    policy_breaker_time=60,
    policy_breaker_pause=300,
)
RULE = "policy_file:rcpt"
ONE, OTHER = "[192.0.2.7]", "[192.0.2.8]"


def test_failures_with_one_client_put_it_out_of_use_for_him_alone() -> None:
    breaker = Breaker(SETTINGS)

    assert [breaker.failed(RULE, ONE, now) for now in (0, 59)] == ["", ""]
    assert not breaker.is_out(ONE, 59)
    assert breaker.failed(RULE, ONE, 60) == (
        "/etc/pymta/policy.py is out of use for [192.0.2.7] for 5m: 3 failures within 1m, the last"
        " of policy_file:rcpt; each of its stages defers"
    )
    assert breaker.failed(RULE, ONE, 61) == ""
    assert breaker.is_out(ONE, 359)
    assert not breaker.is_out(ONE, 360)
    assert not breaker.is_out(OTHER, 61)
    assert not breaker.is_out_for_all(61)


def test_failures_with_as_many_clients_put_it_out_of_use_for_everybody() -> None:
    breaker = Breaker(replace(SETTINGS, policy_on_breaker="skip"))

    assert [breaker.failed(RULE, f"[192.0.2.{n}]", n) for n in (1, 2)] == ["", ""]
    assert breaker.failed(RULE, "uid 1000", 3) == (
        "/etc/pymta/policy.py is out of use for 5m: failures with 3 clients within 1m, the last of"
        " policy_file:rcpt; each of its stages asks the next"
    )
    assert breaker.is_out(ONE, 302)
    assert breaker.recovered(302) == ""
    assert breaker.recovered(303) == "/etc/pymta/policy.py is in use again"
    assert breaker.recovered(304) == ""
    assert not breaker.is_out(ONE, 304)
    assert [bool(breaker.failed(RULE, f"{n}", 304)) for n in range(3)] == [False, False, True]


def test_a_client_for_whom_it_is_out_of_use_counts_among_them() -> None:
    """Nor are those forgotten with whom it failed before him."""
    breaker = Breaker(SETTINGS)

    assert breaker.failed(RULE, OTHER, 0) == ""
    assert [bool(breaker.failed(RULE, ONE, now)) for now in (1, 2, 3)] == [False, False, True]
    assert "failures with 3 clients within 1m" in breaker.failed(RULE, "uid 1000", 4)
    assert breaker.is_out_for_all(4)


def test_failures_that_are_far_apart_change_nothing() -> None:
    breaker = Breaker(SETTINGS)

    for now in range(0, 10_000, 31):
        assert breaker.failed(RULE, ONE, now) == ""
        assert breaker.failed(RULE, OTHER, now) == ""


def test_none_is_too_many_where_the_settings_say_so() -> None:
    breaker = Breaker(replace(SETTINGS, policy_breaker_failures=0))

    assert {breaker.failed(RULE, f"{n % 10}", 0) for n in range(1000)} == {""}


def test_no_crowd_of_clients_grows_what_is_remembered() -> None:
    breaker = Breaker(replace(SETTINGS, policy_breaker_failures=MOST_CLIENTS * 3))
    for number in range(MOST_CLIENTS + 100):
        breaker.failed(RULE, f"{number}", 0)

    assert len(breaker._failures) == MOST_CLIENTS


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "[192.0.2.7]"),
        ("2001:db8:1:2:3:4:5:6", "[2001:db8:1:2::/64]"),
        ("2001:db8:1:2::9", "[2001:db8:1:2::/64]"),
        ("", "uid 1000"),
    ],
)
def test_a_client_is_an_address_a_network_of_his_own_or_an_account(
    address: str, client: str
) -> None:
    assert client_of(address, 1000) == client


@given(times=st.lists(st.floats(0, 1000)).map(sorted))
def test_it_is_put_out_of_use_exactly_when_so_many_lie_within_the_time(times: list[float]) -> None:
    breaker = Breaker(replace(SETTINGS, policy_breaker_pause=2000))
    lines = [breaker.failed(RULE, ONE, now) for now in times]

    together = zip(times, times[2:], strict=False)
    assert any(lines) == any(first >= last - 60 for first, last in together)
