"""`pymta table query`: what a table says."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.config import generation
from pymta.config.rewriting import Rewriting
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    file = tmp_path / "people.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE people (address, box)")
        database.execute("INSERT INTO people VALUES ('carol@v.example', 'carol')")
    file.chmod(0o644)
    (tmp_path / "virtual").write_text("info@v.example: alice\n")
    query = "SELECT box FROM people WHERE address = :key"
    routing = Routing(
        virtual_domains=("v.example",),
        virtual_aliases=(str(tmp_path / "virtual"), "table:people"),
        tables={"people": {"type": "sqlite", "file": str(file), "query": query}},
    )
    settings = Settings(
        routing=routing,
        rewriting=Rewriting(sender_canonical=("table:people",)),
        machine=Machine(str(tmp_path), str(tmp_path)),
    )
    generation.store(generation.current_file(tmp_path), settings)
    return tmp_path


def query(state: Path, *words: str) -> int:
    return run(["table", "query", "--state", str(state), *words])


@pytest.mark.parametrize("name", ["people", "table:people", "virtual_aliases", "sender_canonical"])
def test_it_prints_what_is_said_and_by_whom(state: Path, capsys: Capture, name: str) -> None:
    assert query(state, name, "Carol@V.Example") == 0
    assert capsys.readouterr().out == "carol\nsaid in table people\n"


def test_a_file_is_a_table_too(state: Path, capsys: Capture) -> None:
    assert query(state, f"{state}/virtual", "info@v.example", "--json") == 0
    where = f"{state}/virtual:1"
    assert json.loads(capsys.readouterr().out) == {
        "answer": "found",
        "value": "alice",
        "where": where,
    }


def test_nobody_is_not_the_same_as_nobody_can_say(state: Path, capsys: Capture) -> None:
    assert query(state, "people", "ghost@v.example") == 1
    (state / "people.sqlite").unlink()
    assert query(state, "people", "ghost@v.example") == 75
    assert capsys.readouterr().out.splitlines() == [
        "nothing is said of ghost@v.example",
        f"table people cannot be asked: {state}/people.sqlite: No such file or directory",
    ]


@pytest.mark.parametrize(("words", "status"), [(("poeple", "a"), 64), (("people", "a b c@"), 65)])
def test_wrong_words(state: Path, capsys: Capture, words: tuple[str, ...], status: int) -> None:
    assert query(state, *words) == status
    assert capsys.readouterr().err


def test_a_host_is_looked_up_by_its_address(state: Path, capsys: Capture) -> None:
    (state / "clients").write_text("2001:db8::/32 slow\n")
    assert query(state, f"cidr:{state}/clients", "2001:DB8:0::1") == 0
    assert capsys.readouterr().out == f"slow\nsaid in {state}/clients:1\n"
