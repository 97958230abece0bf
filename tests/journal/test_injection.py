"""No octet from outside reaches a log raw, in whatever line, in any sink (promise 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import pytest

from pymta.journal.event import MAIN, Event, Kind
from tests.doubles.all_sinks import harm_in
from tests.journal import examples

MARK = "poison"
EVIL = (
    f"{MARK}\x1b[2J\x1b]0;x\x07\r\n<0>forged\x00\x7f\x9b\x85\u2028\u202e\u200b\udcff"
    "\nPRIORITY=0\n\0\0\0\0"
)
KEPT = {"RECEIVE_TIME", "PROTOCOL"}  # numbers and words of ours that a maker reads


def poisoned(value: Any, name: str = "") -> Any:
    """The same with evil in every text, however deep."""
    match value:
        case str():
            return value if name in KEPT else value + EVIL
        case tuple() | list():
            return type(value)(poisoned(item) for item in value)
        case dict():
            return {key: poisoned(item, key) for key, item in value.items()}
        case Kind():
            return value
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: poisoned(getattr(value, field.name))
                for field in fields(value)
                if field.init
            }
            return replace(value, **changed)
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Poisoned:
    maker: Callable[..., object]
    event: Event


def makers_with_evil(monkeypatch: pytest.MonkeyPatch) -> list[Poisoned]:
    """Every example of an event once more, made of poisoned arguments."""
    found: list[Poisoned] = []

    def one(maker: Callable[..., Event], *args: Any, **more: Any) -> Poisoned:
        made = Poisoned(maker, maker(*map(poisoned, args), **more))
        found.append(made)
        return made

    monkeypatch.setattr(examples, "_one", one)
    examples.examples()
    return found


def test_whatever_an_event_is_made_of_comes_out_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function that makes one, with evil in each text it is given."""
    found = makers_with_evil(monkeypatch)
    reached = {one.maker for one in found if MARK in one.event.text + str(one.event.fields)}

    assert len(reached) > 80, len(reached)
    assert list(harm_in([one.event for one in found])) == []


def test_the_test_would_see_a_byte_that_got_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: without `printable` every sink is named."""
    monkeypatch.setattr("pymta.journal.line.printable", lambda text: text.replace("\udcff", "?"))
    monkeypatch.setattr("pymta.journal.process_info.printable", lambda text: text)

    def sinks() -> Iterator[str]:
        for harm in harm_in([Event(Kind.REMARK, EVIL, streams=MAIN)]):
            yield harm.partition(":")[0]

    assert set(sinks()) == {
        "file",
        "terminal",
        "stream",
        "debug",
        "syslog",
        "journal",
        "process info",
    }
