"""Verdicts: what codes they may have, and what of a text reaches the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.policy.verdict import LONGEST_LINE, MOST_LINES, Defer, Drop, Refuse, safe_text


@pytest.mark.parametrize(
    ("kind", "code", "enhanced"),
    [
        (Defer, 550, "4.7.1"),
        (Defer, 451, "5.7.1"),
        (Refuse, 450, "5.7.1"),
        (Refuse, 250, "2.0.0"),
        (Refuse, 650, "5.7.1"),
        (Refuse, 550, "5.7"),
        (Refuse, 550, "5.7.1 no"),
        (Drop, 250, ""),
        (Drop, 421, "5.7.1"),
    ],
)
def test_a_no_is_a_no_in_both_codes(kind: type, code: object, enhanced: str) -> None:
    """RFC 2034 s4"""
    with pytest.raises(ValueError, match=r"want|begins with"):
        kind("x", code=code, enhanced=enhanced)


def test_a_drop_may_be_for_now_or_for_good() -> None:
    assert Drop(code=421, enhanced="4.7.0").code == 421
    assert Drop().code == 554


@given(st.text())
def test_no_text_breaks_out_of_a_reply(text: str) -> None:
    lines = safe_text(text).split("\n")

    assert len(lines) <= MOST_LINES
    assert all(len(line) <= LONGEST_LINE for line in lines)
    assert all(" " <= char <= "~" for line in lines for char in line)


def test_several_lines_stay_several_lines() -> None:
    assert safe_text("no\r\nmail\nfr\xf6m\ryou\n") == "no\nmail\nfr?m?you"
