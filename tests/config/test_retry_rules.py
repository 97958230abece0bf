"""Retry rules as text."""

from __future__ import annotations

import pytest

from pymta.config.queue import Queue
from pymta.config.retry_rules import Rule, parse_rule, parse_rules


def test_all_kinds_are_read() -> None:
    assert parse_rule("F,2h,15m") == Rule(7200, 900)
    assert parse_rule("G, 16h, 1h, 1.5") == Rule(57_600, 3600, 1.5)
    assert parse_rule("H,16h,1h,1.5") == Rule(57_600, 3600, 1.5, is_random=True)


def test_the_default_setting_is_a_schedule() -> None:
    assert [rule.cutoff for rule in parse_rules(Queue().retry)] == [7200, 57_600, 345_600]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "want"),
        ("H,2h,15m", "want"),
        ("R,2h,15m,1", "want"),
        ("f,2h,15m", "want"),
        ("F,2h", "want"),
        ("F,2h,15m,1.5", "want"),
        ("G,2h,15m", "want"),
        ("F,2,15m", 'cutoff "2"'),
        ("F,2h,15", 'interval "15"'),
        ("F,0s,1s", "more than 0s"),
        ("F,2h,0s", "more than 0s"),
        ("F,99999999w,1h", "at most a year"),
        ("F,2h,3h", "longer than the cutoff"),
        ("G,2h,15m,0.9", 'factor "0.9"'),
        ("G,2h,15m,nan", 'factor "nan"'),
        ("G,2h,15m,\u0661", "factor"),
        ("G,2h,15m,1e9", 'factor "1e9"'),
    ],
)
def test_a_bad_rule_is_refused_with_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_rule(text)


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ((), "at least one"),
        (("F,2h,15m", "F,2h"), 'rule 2 "F,2h"'),
        (("F,2h,15m", "F,2h,15m"), "later than that of the rule before"),
        (("F,2d,15m", "G,4h,1h,2"), "never in force"),
    ],
)
def test_a_bad_schedule_names_its_rule(texts: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_rules(texts)
