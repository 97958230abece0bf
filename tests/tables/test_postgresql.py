"""Tables in a real PostgreSQL: found, not there, and nobody can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pymta.tables.postgresql import PostgresqlTable
from pymta.tables.table import Found, Nothing, Unsure
from tests.doubles.databases import Postgresql, postgresql

QUERY = "SELECT target::text FROM aliases WHERE address = :key ORDER BY target"
PATIENT = {"connect_timeout": "60s", "query_timeout": "60s"}
Opened = Callable[..., PostgresqlTable]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    with postgresql() as running:
        running.execute(
            "CREATE TABLE aliases (address text, target text)",
            "INSERT INTO aliases VALUES ('team', 'alice'), ('team', 'bob'), ('none', NULL),"
            " ('jörg@example.org', 'jörg')",
        )
        yield running


@pytest.fixture
def opened(server: Postgresql) -> Iterator[Opened]:
    made: list[PostgresqlTable] = []

    def open_table(query: str = QUERY, **options: Any) -> PostgresqlTable:
        usual = {"server": server.reached, "query": query} | PATIENT
        made.append(PostgresqlTable("people", usual | options))
        return made[-1]

    yield open_table
    for table in made:
        table.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [("team", "alice, bob"), ("jörg@example.org", "jörg"), ("none", None), ("x' OR ''='", None)],
)
def test_rows_are_targets(opened: Opened, key: str, value: str | None) -> None:
    wanted = Nothing() if value is None else Found(value, "table people")
    table = opened()
    assert table.lookup(key) == wanted
    assert table.lookup(key) == wanted


def test_a_query_may_use_the_parts_of_an_address(opened: Opened) -> None:
    table = opened("SELECT :domain || '/' || :local_part::text || '/' || :domain")
    assert table.lookup("a@c.test") == Found("c.test/a/c.test", "table people")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT gone FROM aliases WHERE address = :key", 'column "gone" does not exist'),
        ("DELETE FROM aliases WHERE address = :key", "in a read-only transaction"),
        ("SELECT generate_series(1, 1000000000) WHERE :key <> ''", "more than 10000 rows"),
    ],
)
def test_a_query_that_does_not_work_is_no_answer(opened: Opened, query: str, why: str) -> None:
    answer = opened(query).lookup("team")
    assert isinstance(answer, Unsure)
    assert answer.why.startswith("table people")
    assert why in answer.why


def test_a_server_that_says_nothing_is_not_waited_for(opened: Opened, server: Postgresql) -> None:
    """Whatever it was told about its time."""
    options = f"{server.reached} options=''"
    table = opened("SELECT pg_sleep(60) WHERE :key <> ''", server=options, query_timeout="1s")
    assert table.lookup("team") == Unsure("table people cannot be asked: no answer within 1s")


def test_it_is_asked_again_when_it_is_back(opened: Opened, server: Postgresql) -> None:
    kept, late = opened(), opened()
    assert kept.lookup("team") == Found("alice, bob", "table people")
    server.stop()
    try:
        for table in (kept, late):
            answer = table.lookup("ghost")
            assert isinstance(answer, Unsure)
            assert answer.why.startswith("table people cannot be asked: connection ")
    finally:
        server.start()
    assert kept.lookup("team") == late.lookup("team") == Found("alice, bob", "table people")


def test_a_connection_that_was_lost_is_made_anew_at_once(
    opened: Opened, server: Postgresql
) -> None:
    table = opened()
    assert table.lookup("ghost") == Nothing()
    server.stop()
    server.start()
    assert table.lookup("team") == Found("alice, bob", "table people")
