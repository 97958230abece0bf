"""Tables of regular expressions: the first one that fits, and never a way to run away."""

from __future__ import annotations

import time

import pytest

from pymta.tables.regex import RegexTable
from pymta.tables.table import Found, Nothing, Unsure

TEXT = r"""
# addresses of lists
/^(.+)-request@lists\.example\.org$/   owner-$1@example.org
/^sales([0-9]*)@/   sales, archive-${1}@example.org,
                    # and for those who count
                    "cost $$5"@example.org
/a\/c@example\.org$/ dave
/^staff$/
"""


def table(text: str = TEXT) -> RegexTable:
    return RegexTable("old", text)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("staff-request@lists.example.org", "owner-staff@example.org", 3),
        (
            "sales3@example.com",
            'sales, archive-3@example.org,\n"cost $5"@example.org',
            4,
        ),
        ("a/c@example.org", "dave", 7),
        ("staff", "", 8),
    ],
)
def test_the_first_that_fits_says_where_it_leads(key: str, value: str, line: int) -> None:
    assert table().lookup(key) == Found(value, f"old:{line}", is_pattern=True)
    assert not table().mistakes


def test_letter_case_does_not_count() -> None:
    assert isinstance(RegexTable("old", "/^ALICE@/ bob").lookup("alice@example.org"), Found)


@pytest.mark.parametrize(
    "key",
    [
        "nobody@example.org",
        "@lists.example.org",  # an expression has all of a domain by itself
        "x@evil.example,y-request@lists.example.org",  # a local part that needs quotes
        "a b-request@lists.example.org",
        f"{'x' * 400}-request@lists.example.org",
    ],
)
def test_what_fits_nothing_is_nothing(key: str) -> None:
    assert table().lookup(key) == Nothing()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alice: bob", "'alice: bob': want an expression such as /^(.+)@old\\.example$/,"),
        ("/^(a/ bob", "this is no regular expression: missing )"),
        ("/^(a+)+$/ bob", "want a regular expression without a repeat inside of a repeat"),
        ("/^(.)@x/ $2@example.org", "$2: the expression has 1 groups"),
    ],
)
def test_a_line_that_cannot_be_read_may_have_been_anybodys(line: str, why: str) -> None:
    """All who are in no line before it wait."""
    made = table(f"/^alice@/ a\n{line}\n/^bob@/ b\n")
    (mistake,) = made.mistakes
    assert str(mistake).startswith(f"line 2: {why}")
    assert isinstance(made.lookup("alice@example.org"), Found)
    assert made.lookup("bob@example.org") == Unsure(f"old:{str(mistake).removeprefix('line ')}")


def test_many_that_are_slow_are_a_mistake_though_each_would_do() -> None:
    line = "/.*a.*b@/ alice\n"
    made = table(line * 20)
    assert "could take too long" in str(made.mistakes[0])
    good = made.mistakes[0].line - 1
    began = time.process_time()
    RegexTable("old", line * good).lookup("a" * 60 + "@" + "a." * 100 + "example")
    assert time.process_time() - began < 10  # it is about half a second at worst


def test_what_is_at_the_end_may_go_on() -> None:
    made = table("/^alice@/ a\n/^bob@/ b, c\n")
    assert made.ends_with("bob@example.org")
    assert not made.ends_with("alice@example.org")
    assert not made.ends_with("carol@example.org")
