"""Regular expressions of settings: none that a stranger's text can keep busy."""

from __future__ import annotations

import re
import time

import pytest

from pymta.config.pattern import LONGEST_NAME, parse_pattern

LONG_TEXT = 998


@pytest.mark.parametrize(
    "pattern",
    [
        "^bounce[0-9]+@",
        r"https?://(www\.)?shop",
        "^(foo|bar)-.*@",
        r"(?:\d{1,3}[.-]){3}\d{1,3}",
        "^(?:dsl|cable|dyn)[.-]",
        "(?i)^re: ",
        "(?=.*x)y",
    ],
)
def test_what_people_write_is_taken(pattern: str) -> None:
    assert parse_pattern(pattern).flags & re.IGNORECASE
    assert parse_pattern(pattern, LONG_TEXT).pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("^(a+)+$", "repeat inside of a repeat"),
        ("^(a|aa)*$", "choice"),
        ("(x+x+)+y", "repeat inside of a repeat"),
        (r"^([a-z]+\.)+x", "repeat inside of a repeat"),
        ("^(a{0,5}){0,5}", "repeat inside of a repeat"),
        ("^(?=(a+)+$)", "repeat inside of a repeat"),
        ("(.*a){20}", "fewer"),
        ("x*x*x*x*", "fewer"),
        ("(a?){30}a{30}", "fewer"),
        ("a{0,16}" * 8, "fewer"),
        (r"(x)\1", "own groups"),
        ("[", "no regular expression"),
        ("a" * 501, "at most 500"),
    ],
)
def test_what_could_run_away_is_not(pattern: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        parse_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a.*b.*c", "ab" * (LONGEST_NAME // 2)),
        ("^.*a.*b.*c", "ab" * (LONGEST_NAME // 2)),
        ("[a-z]+[a-z]+[0-9]", "a" * LONGEST_NAME),
        (r"(\w?){8}\w+\d", "a" * LONGEST_NAME),
    ],
)
def test_what_is_taken_comes_to_an_end(pattern: str, text: str) -> None:
    began = time.process_time()

    assert not parse_pattern(pattern).search(text)
    assert time.process_time() - began < 5  # where it took half a second, on a loaded machine
