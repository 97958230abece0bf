"""Log selectors: the usual ones, and what an operator adds or takes away (N-39)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.config.selectors import (
    DEFAULT,
    KNOWN,
    SELECTORS,
    is_shown_port,
    parse_log_port,
    parse_selector,
    selected,
)

PYMTA = Path(__file__).parents[2] / "pymta"


def asked_for(file: Path) -> Iterator[str]:
    """The selectors that a module asks for: ``"name" in selected``, ``selector="name"``."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()]):
                yield name
            case ast.keyword(arg="selector", value=value):
                parts = (part for part in ast.walk(value) if isinstance(part, ast.Constant))
                yield from (str(part.value) for part in parts)
            case ast.Assign(value=ast.Constant(value=str(name))):
                yield name


IN_PARTS = {"smtp_syntax_error", "smtp_protocol_error"}  # put together where they are asked for
ASKED_FOR = {name for file in PYMTA.rglob("*.py") for name in asked_for(file)} | IN_PARTS


@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_the_manual_says_truly_which_selectors_do_something(name: str) -> None:
    """N-39.  If this fails: `acts` in pymta/config/selectors.py is older than the program."""
    does_something = name in ASKED_FOR
    assert SELECTORS[name].acts is does_something


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


@pytest.mark.parametrize(
    ("items", "shown"),
    [
        (("*",), {25, 587, 2525}),
        ((), set()),
        (("25",), {25}),
        (("!25", "!587"), {2525}),
        (("!25", "*"), {587, 2525}),
        (("!*",), set()),
    ],
)
def test_of_the_ports_only_some_are_worth_a_number(items: tuple[str, ...], shown: set[int]) -> None:
    """N-32"""
    assert {port for port in (25, 587, 2525) if is_shown_port(port, items)} == shown


@pytest.mark.parametrize("item", ["", "smtp", "0", "65536", "!x", "٢٥"])
def test_what_is_no_port_is_refused(item: str) -> None:
    with pytest.raises(ValueError, match="want a port"):
        parse_log_port(item)
