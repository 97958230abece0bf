"""Parts of lines that selectors ask for."""

from __future__ import annotations

import pytest

from pymta.config.journal import Journal
from pymta.journal.parts import elapsed, quoted

PRECISE = Journal(log_selector=("+millisec",))


@pytest.mark.parametrize(
    ("seconds", "text", "precise"),
    [
        (0.0, "0s", "0.000s"),
        (0.3042, "0s", "0.304s"),
        (4.9999, "4s", "5.000s"),
        (5.0, "5s", "5s"),
        (225.9, "3m45s", "3m45s"),
        (604_800.0, "1w", "1w"),
        (-2.0, "0s", "0.000s"),
    ],
)
def test_a_time_is_precise_only_while_it_is_short(seconds: float, text: str, precise: str) -> None:
    """N-39 millisec"""
    assert elapsed(seconds, Journal()) == text
    assert elapsed(seconds, PRECISE) == precise


def test_quotes_and_backslashes_get_one_before_them() -> None:
    assert quoted('a "b" \\c') == '"a \\"b\\" \\\\c"'
