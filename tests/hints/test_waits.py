"""For which hosts messages wait, in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pymta.hints.waits import HostWait
from pymta.hints.waits_sqlite import KEPT, SqliteWaits

WAIT = HostWait(
    "1aaaaa-00000000001-0000", "x.example", ("mx[192.0.2.1]:25", "b[::1]:25"), 1e6, 2e6, 3, 1.5e6
)


def test_what_was_noted_comes_back_in_the_order_of_ids(tmp_path: Path) -> None:
    store = SqliteWaits(tmp_path / "hints" / "waits")
    ids = [f"1aaaaa-{n:011}-0000" for n in range(2500)]
    for id in reversed(ids):
        store.note(replace(WAIT, id=id))
    store.note(replace(WAIT, id=ids[0], due=5.0))
    found = list(store.known(3))
    assert [wait.id for wait in found] == ids
    assert found[0] == replace(WAIT, id=ids[0], due=5.0)
    assert list(store.known(4)) == []
    assert store.get(ids[7]) == replace(WAIT, id=ids[7])
    assert store.get("other") is None
    store.close()


def test_what_is_forgotten_is_gone_and_old_hints_go_by_themselves(tmp_path: Path) -> None:
    store = SqliteWaits(tmp_path / "waits")
    for n in (1, 2):
        store.note(replace(WAIT, id=f"m{n}", due=1e6 * n))
    store.forget("m9")
    assert store.tidy(1e6 + KEPT + 1) == 1
    assert [wait.id for wait in store.known(3)] == ["m2"]
    store.forget("m2")
    assert list(store.known(3)) == []
    store.close()


def test_where_there_is_no_file_nothing_is_known_and_none_is_made(tmp_path: Path) -> None:
    store = SqliteWaits(tmp_path / "waits")
    store.forget("m1")
    assert list(store.known(3)) == []
    assert store.tidy(1e9) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "waits").write_bytes(b"x" * 5000)
    store = SqliteWaits(tmp_path / "waits")
    assert list(store.known(3)) == []
    store.note(WAIT)
    assert list(store.known(3)) == [WAIT]
    store.close()
