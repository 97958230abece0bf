"""Conditions that remember, as settings write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pymta.config.client_memory import Greylist, Rate, parse_greylist, parse_rate

DAY = 86_400


def test_a_rate_is_a_number_in_a_time_per_somebody() -> None:
    assert parse_rate({"most": 100, "in": "1h", "per": "network"}) == Rate(100, 3600, "network")
    table = {"most": 0, "in": "1m", "per": "account", "ipv4": 32, "ipv6": 48}
    assert parse_rate(table) == Rate(0, 60, "account", 32, 48)


def test_greylisting_has_times_of_its_own_where_they_are_written() -> None:
    assert parse_greylist(True) == Greylist()
    assert parse_greylist(False) is None
    table = {"delay": "1m", "within": "1d", "kept": "7d", "known_after": 0, "ipv4": 32}
    assert parse_greylist(table) == Greylist(60, DAY, 7 * DAY, 0, 32)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (parse_rate, "100/1h"),
        (parse_rate, {"most": 100, "in": "1h"}),
        (parse_rate, {"most": -1, "in": "1h", "per": "network"}),
        (parse_rate, {"most": True, "in": "1h", "per": "network"}),
        (parse_rate, {"most": 1, "in": "an hour", "per": "network"}),
        (parse_rate, {"most": 1, "in": "0s", "per": "network"}),
        (parse_rate, {"most": 1, "in": "32d", "per": "network"}),
        (parse_rate, {"most": 1, "in": [], "per": "network"}),
        (parse_rate, {"most": 1, "in": 60, "per": "network"}),
        (parse_rate, {"most": 1, "in": True, "per": "network"}),
        (parse_rate, {"most": 1, "in": "1h", "per": "colour"}),
        (parse_rate, {"most": 1, "in": "1h", "per": "network", "ipv4": 33}),
        (parse_rate, {"most": 1, "in": "1h", "per": "network", "burst": 3}),
        (parse_greylist, 300),
        (parse_greylist, {"delay": "3d"}),
        (parse_greylist, {"within": "2d", "kept": "1d"}),
        (parse_greylist, {"delay": -5}),
        (parse_greylist, {"delay": True}),
        (parse_greylist, {"within": float("inf"), "kept": float("inf")}),
        (parse_greylist, {"kept": "367d"}),
        (parse_greylist, {"known_after": "5"}),
        (parse_greylist, {"wait": "5m"}),
    ],
)
def test_what_is_wrong_is_refused_with_what_would_be_right(
    read: Callable[[object], object], value: object
) -> None:
    with pytest.raises(ValueError, match=r"^want "):
        read(value)
