"""Log selectors: the usual ones, and what an operator adds or takes away (N-39)."""

from __future__ import annotations

import pytest

from pymta.config.selectors import DEFAULT, KNOWN, parse_selector, selected


def test_nothing_said_is_the_usual() -> None:
    assert selected(()) == DEFAULT


def test_plus_adds_and_minus_takes_away() -> None:
    on = selected(("+smtp_connection", "-queue_run"))

    assert on == DEFAULT - {"queue_run"} | {"smtp_connection"}


def test_what_is_said_last_wins() -> None:
    assert "pid" in selected(("-pid", "+pid"))
    assert "pid" not in selected(("+pid", "-pid"))


def test_all_names_every_one() -> None:
    assert selected(("+all",)) == KNOWN
    assert selected(("-all", "+pid")) == {"pid"}


@pytest.mark.parametrize("item", ["smtp_connection", "", "+", "+nosuch", "=pid", "+Pid"])
def test_what_is_none_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match=r"want|no such"):
        parse_selector(item)
