"""Tables of networks: the first one that an address is in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymta.config.settings import Settings
from pymta.tables.cidr import CidrTable
from pymta.tables.opened import Opened
from pymta.tables.table import Found, Nothing, Unsure

TEXT = """\
# those who send too much
!192.0.2.7          one of ours
192.0.2.0/24        no mail from here,
                    see https://example.org/why

192.0.2.128/25      never seen
2001:db8::/32
"""


def table(text: str = TEXT) -> CidrTable:
    return CidrTable("clients", text)


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("192.0.2.8", "no mail from here,\nsee https://example.org/why", 3),
        ("192.0.2.200", "no mail from here,\nsee https://example.org/why", 3),
        ("2001:db8::1", "", 7),
    ],
)
def test_the_first_network_counts(key: str, value: str, line: int) -> None:
    assert table().lookup(key) == Found(value, f"clients:{line}", is_pattern=True)
    assert not table().mistakes
    assert len(table()) == 4


@pytest.mark.parametrize(
    "key", ["192.0.2.7", "192.0.3.1", "::1", "::192.0.2.8", "alice", "@x.test"]
)
def test_what_is_in_none_of_them_is_nothing(key: str) -> None:
    assert table().lookup(key) == Nothing()


@pytest.mark.parametrize(
    ("line", "why"),
    [("192.0.2.0/33 x", "'192.0.2.0/33' does not"), ("10.0.0.1/8", "10.0.0.1/8 has host bits set")],
)
def test_a_line_that_cannot_be_read_may_have_been_about_anybody(line: str, why: str) -> None:
    """Who is in a line before it is known all the same."""
    made = table(f"192.0.2.1 a\n{line}\n192.0.2.2 b\n")
    (mistake,) = made.mistakes
    assert str(mistake).startswith(f"line 2: {why}")
    assert 'want a network such as "192.0.2.0/24"' in str(mistake)
    assert isinstance(made.lookup("192.0.2.1"), Found)
    assert made.lookup("192.0.2.2") == Unsure(f"clients:{str(mistake).removeprefix('line ')}")


def test_what_is_at_the_end_may_go_on() -> None:
    assert table().ends_with("2001:db8::1")
    assert not table().ends_with("192.0.2.8")
    assert not table().ends_with("::1")


def test_a_change_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "clients"
    opened = Opened(Settings()).table(f"cidr:{file}")
    for at, text, wanted in ((1, "192.0.2.1 a", "a"), (2, "192.0.2.0/24 b", "b")):
        file.write_text(text)
        os.utime(file, (at, at))
        answer = opened.lookup("192.0.2.1")
        assert isinstance(answer, Found)
        assert answer.value == wanted
