"""Settings keyed by the domain that mail goes to."""

from __future__ import annotations

import pytest

from pymta.config.per_domain import (
    CountPerDomain,
    Rate,
    RatePerDomain,
    concurrency_of,
    parse_rate,
    rate_of,
)

TABLE = {"example.org": 2, "*.example.org": 5, "*": 7}


@pytest.mark.parametrize(
    ("setting", "name", "most"),
    [
        (0, "x.example", 10),
        (3, "x.example", 3),
        (TABLE, "EXAMPLE.org", 2),
        (TABLE, "a.b.example.org", 5),
        (TABLE, "notexample.org", 7),
        (TABLE, "[192.0.2.1]", 7),
        ({"example.org": 2}, "other.example", 10),
        ({"*": 0}, "other.example", 10),
    ],
)
def test_the_closest_entry_counts(setting: int | dict[str, int], name: str, most: int) -> None:
    assert concurrency_of(setting, name, 20) == most


def test_a_table_is_read_as_the_dns_knows_its_domains() -> None:
    table = {"Example.ORG": 2, "*.Bücher.example": 3, "*": 4}
    read = {"example.org": 2, "*.xn--bcher-kva.example": 3, "*": 4}
    assert CountPerDomain().read(table) == read
    assert concurrency_of(read, "mx.bücher.example", 20) == 3


def test_a_rate_is_messages_in_a_time() -> None:
    assert parse_rate("100/1h") == Rate(100, 3600.0)
    assert parse_rate("") is None
    assert rate_of("1/10s", "x.example") == Rate(1, 10.0)
    assert rate_of({"x.example": "", "*": "1/10s"}, "x.example") is None


@pytest.mark.parametrize("text", ["100", "0/1h", "1/0s", "1/32d", "1/h", "-1/1h", "1/1", " 1/1h"])
def test_a_bad_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want"):
        RatePerDomain().read(text)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (-1, "whole number"),
        (True, "whole number"),
        ("5", "whole number"),
        ({"a..b": 1}, 'in "a..b": want a domain'),
        ({"x.example": "1"}, 'in "x.example": want a whole number'),
        ({"a..b": 1, "x.example": -1}, 'in "a..b": want a domain.*; in "x.example": want a whole'),
    ],
)
def test_a_bad_number_is_refused(value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CountPerDomain().read(value)
