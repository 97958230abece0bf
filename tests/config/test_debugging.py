"""Categories of -d (ST-11)."""

from __future__ import annotations

import pytest

from pymta.config.debugging import KNOWN, USUAL, parse_debug


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("", USUAL),
        ("+interface", USUAL | {"interface"}),
        ("-receive+interface", USUAL - {"receive"} | {"interface"}),
        ("+all", KNOWN),
        ("-all", frozenset()),
        ("-all+dns", frozenset({"dns"})),
        ("+all-pid", KNOWN - {"pid"}),
    ],
)
def test_categories_are_added_and_taken_away_in_order(text: str, on: frozenset[str]) -> None:
    """ST-11"""
    assert parse_debug(text) == tuple(sorted(on))


@pytest.mark.parametrize("text", ["receive", "+", "+nosuch", "+receive,dns", "=7", "+Receive"])
def test_what_makes_no_sense_is_refused(text: str) -> None:
    """ST-11"""
    with pytest.raises(ValueError, match="debug_selector setting: "):
        parse_debug(text)
