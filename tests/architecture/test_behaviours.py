"""Every behaviour that we claim is cited by a test, and no test cites one that we do not know."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
KNOWN = tomllib.loads((TESTS / "behaviours.toml").read_text())
ID = re.compile(r"\b((?:ST|OX|PT|IF|BL|BG|PV|SL|ML|QR|CH|HU|AE|HC|LM|CP|SS|ID|CL|DB|N)-\d\d)\b")
CITED = {
    id
    for file in (*TESTS.rglob("*.py"), *TESTS.glob("dialogues/*.txt"))
    if file != Path(__file__)
    for id in ID.findall(file.read_text())
}


def test_what_is_built_has_a_test() -> None:
    assert not {id for id in KNOWN if not KNOWN[id].get("open")} - CITED


def test_what_is_said_of_a_behaviour_is_said_in_words_that_count() -> None:
    for id, said in KNOWN.items():
        assert said["title"], id
        assert said.keys() <= {"title", "open", "part", "waits", "instead"}, id
        assert not ("part" in said and "open" not in said), id
        assert "waits" in said or "open" not in said, f"{id} is open and waits for nothing"
        assert all(said.get(key, "some words") for key in ("waits", "instead")), id


def test_no_test_cites_an_unknown_behaviour() -> None:
    assert not CITED - set(KNOWN)


def test_what_is_still_open_is_not_cited_as_done() -> None:
    """An open one that tests cite is built, in part at least: say so in behaviours.toml."""
    partly = {id for id in KNOWN if KNOWN[id].get("open") and not KNOWN[id].get("part")}
    assert not CITED & partly
