"""Lists in the DNS as settings name them."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from pymta.config.block_list import BlockList, Codes, Listed, parse_block_lists, parse_listed


def codes(first: str, last: str = "") -> Codes:
    return Codes(IPv4Address(first), IPv4Address(last or first))


def test_a_list_has_a_weight_and_may_have_codes() -> None:
    assert parse_block_lists(
        {"Bl.Example.org": 5, "b.example=127.0.0.2, 127.0.1.4-11": 3, "wl.example": -2}
    ) == (
        BlockList("bl.example.org", 5),
        BlockList("b.example", 3, (codes("127.0.0.2"), codes("127.0.1.4", "127.0.1.11"))),
        BlockList("wl.example", -2),
    )


@pytest.mark.parametrize(
    "value",
    [
        "bl.example.org",
        {},
        {"bl.example.org": 0},
        {"bl.example.org": "5"},
        {"bl.example.org": True},
        {"bl.example.org": 1001},
        {"org": 1},
        {"bl example.org": 1},
        {"x." * 80 + "example": 1},
        {"bl.example.org=": 1},
        {"bl.example.org=10.0.0.2": 1},
        {"bl.example.org=127.0.0.11-4": 1},
        {"bl.example.org=127.0.0.2-300": 1},
        {f"l{n}.example": 1 for n in range(33)},
    ],
)
def test_what_is_no_list_is_refused_with_what_would_be_right(value: object) -> None:
    with pytest.raises(ValueError, match=r"^want "):
        parse_block_lists(value)


def test_listed_is_a_list_or_a_table_with_a_score() -> None:
    one = parse_block_lists({"bl.example.org": 1})

    assert parse_listed(["bl.example.org"]) == Listed(one)
    assert parse_listed({"lists": ["bl.example.org"], "of": "helo"}) == Listed(one, 1, "helo")
    weighted = {"lists": {"a.example": 3, "wl.example": -1}, "score": 2}
    assert parse_listed(weighted) == Listed(parse_block_lists(weighted["lists"]), 2)


@pytest.mark.parametrize(
    "value",
    [
        "bl.example.org",
        [],
        ["no list"],
        {"score": 1},
        {"lists": ["bl.example.org"], "score": 0},
        {"lists": ["bl.example.org"], "score": "5"},
        {"lists": {"a.example": 2, "b.example": 1, "wl.example": -9}, "score": 4},
        {"lists": ["bl.example.org"], "of": "recipient"},
        {"lists": ["bl.example.org"], "weight": 5},
    ],
)
def test_what_is_no_listing_is_refused_with_what_would_be_right(value: object) -> None:
    with pytest.raises(ValueError, match=r"^want "):
        parse_listed(value)
