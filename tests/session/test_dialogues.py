"""Every dialogue in tests/dialogues, line by line, in one piece, and octet by octet."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.doubles.house import Guest, House, usual_settings

FILES = sorted((Path(__file__).parents[1] / "dialogues").glob("*.txt"))


@dataclass
class Dialogue:
    steps: list[tuple[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    caller: str = "192.0.2.7"
    status: int = 0

    @property
    def client(self) -> bytes:
        return b"".join(octets(mark, text) for mark, text in self.steps if mark not in "SE")

    @property
    def server(self) -> list[str]:
        return [text for mark, text in self.steps if mark in "SE"]

    def folded(self, lines: list[str]) -> list[str]:
        """What was said, of each reply that stands here in one step its first line only."""
        left, told = list(lines), []
        for mark in (mark for mark, _ in self.steps if mark in "SE"):
            told += left[:1]
            while mark == "E" and left and left[0][3:4] == "-":
                del left[0]
            del left[:1]
        return told + left


def octets(mark: str, text: str) -> bytes:
    if mark == "C":
        return text.encode() + b"\r\n"
    return codecs.decode(text, "unicode_escape").encode("latin-1")


def load(path: Path) -> Dialogue:
    dialogue = Dialogue()
    for line in path.read_text().splitlines():
        mark, _, text = line.partition(":")
        text = text.removeprefix(" ")
        if line.startswith("# set "):
            name, _, value = line.removeprefix("# set ").partition("=")
            dialogue.options[name] = option(name, value)
        elif line.startswith("# from "):
            dialogue.caller = line.removeprefix("# from ")
        elif mark in ("S", "E", "C", "R"):
            dialogue.steps.append((mark, text))
        elif mark == "L":
            dialogue.log.append(text)
        elif mark == "X":
            dialogue.status = int(text)
        else:
            assert line.startswith("#"), line
    return dialogue


def option(name: str, value: str) -> object:
    if name.endswith(("_domains", "_hosts", "_helo", "_parts")) or name == "log_selector":
        return tuple(value.split())
    return int(value) if value else False


def matches(found: Iterable[str], wanted: Iterable[str]) -> bool:
    """`*` stands for anything; brackets, which addresses have, are meant as they stand."""
    pairs = zip_longest(found, wanted, fillvalue="")
    return all(fnmatchcase(text, pattern.replace("[", "[[]")) for text, pattern in pairs)


def line_by_line(guest: Guest, dialogue: Dialogue) -> list[str]:
    said = []
    for mark, text in dialogue.steps:
        if mark == "S":
            said.append(guest.hear_line())
        elif mark == "E":
            said += guest.hear().splitlines()
        else:
            guest.send(octets(mark, text))
    return [*said, *guest.hear_all().splitlines()]


def in_one_piece(guest: Guest, dialogue: Dialogue) -> list[str]:
    guest.send(dialogue.client)
    return guest.hear_all().splitlines()


def octet_by_octet(guest: Guest, dialogue: Dialogue) -> list[str]:
    with suppress(ConnectionError):  # the server may have hung up on what was said before
        for octet in dialogue.client:
            guest.send(bytes([octet]))
    return guest.hear_all().splitlines()


@pytest.mark.parametrize("way", [line_by_line, in_one_piece, octet_by_octet])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dialogue(path: Path, way: Callable[[Guest, Dialogue], list[str]]) -> None:
    dialogue = load(path)
    house = House(usual_settings(**dialogue.options))
    with house.call(dialogue.caller) as guest:
        said = way(guest, dialogue)
        status = guest.status()

    assert matches(dialogue.folded(said), dialogue.server), "\n".join(said)
    assert matches(house.log.texts(), dialogue.log), "\n".join(house.log.texts())
    assert status == dialogue.status
    assert not house.spool.open
