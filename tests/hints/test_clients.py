"""What is remembered about clients, on disk and in the double, by one contract."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from pymta.hints import clients_sqlite
from pymta.hints.clients import Clients, Sighting
from pymta.hints.clients_sqlite import LONGEST_KEY, SqliteClients
from tests.doubles.clients import MemoryClients

HOUR = 3600.0
NOW = 1.7e9


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hints" / "clients.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on_disk(path: Path, clock: Clock) -> Iterator[SqliteClients]:
    with closing(SqliteClients(path, clock=clock)) as made:
        yield made


@pytest.fixture(params=["on disk", "in memory"])
def clients(request: pytest.FixtureRequest, on_disk: SqliteClients) -> Clients:
    return on_disk if request.param == "on disk" else MemoryClients(NOW)


def again(before: Sighting | None, now: float) -> Sighting:
    return Sighting(before.first if before else now, now, before.passes + 1 if before else 0)


def test_each_time_counts(clients: Clients) -> None:
    assert [clients.count("rate:a", 1, HOUR) for _ in range(3)] == [1, 2, 3]
    assert clients.count("rate:a", 10, HOUR) == 13
    assert clients.level("rate:a", HOUR) == 13
    assert clients.level("rate:b", HOUR) == 0


def test_what_goes_above_the_limit_is_told_and_not_counted(clients: Clients) -> None:
    assert [clients.count("a", 1, HOUR, most=2) for _ in range(4)] == [1, 2, 3, 3]
    assert clients.level("a", HOUR) == 2


def test_what_is_forgotten_begins_anew(clients: Clients) -> None:
    clients.count("a", 5, HOUR)
    clients.sight("a", again, HOUR)
    clients.forget("a")

    assert clients.count("a", 1, HOUR) == 1
    assert clients.sight("a", again, HOUR) == Sighting(NOW, NOW)


def test_a_sighting_knows_of_the_one_before(clients: Clients) -> None:
    assert clients.sight("grey:a", again, HOUR) == Sighting(NOW, NOW, 0)
    assert clients.sight("grey:a", again, HOUR) == Sighting(NOW, NOW, 1)


def test_a_sighting_is_forgotten_when_it_has_run_out(on_disk: SqliteClients, clock: Clock) -> None:
    on_disk.sight("a", again, HOUR)
    clock.now += HOUR + 1

    assert on_disk.sight("a", again, HOUR) == Sighting(clock.now, clock.now, 0)


def test_who_never_came_again_is_forgotten_sooner(on_disk: SqliteClients, clock: Clock) -> None:
    for _ in range(2):
        on_disk.sight("faithful", again, 9 * HOUR, untried=HOUR)
    on_disk.sight("stray", again, 9 * HOUR, untried=HOUR)
    clock.now += HOUR + 1

    assert on_disk.tidy(clock.now) == 1
    assert on_disk.sight("faithful", again, HOUR) == Sighting(NOW, clock.now, 2)


def test_counts_outlive_their_process_and_are_shared(
    on_disk: SqliteClients, path: Path, clock: Clock
) -> None:
    on_disk.count("a", 1, HOUR)
    with closing(SqliteClients(path, clock=clock)) as other:
        assert other.count("a", 1, HOUR) == 2
    assert on_disk.level("a", HOUR) == 2


def test_nothing_is_counted_twice_or_lost_when_many_count_at_once(path: Path) -> None:
    def count(_: int) -> None:
        with closing(SqliteClients(path, patience=20)) as one:
            for _ in range(25):
                assert one.count("a", 1, HOUR) is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))

    with closing(SqliteClients(path)) as clients:
        assert clients.level("a", HOUR) == 200


def test_keys_of_any_length_and_any_characters_stay_apart(on_disk: SqliteClients) -> None:
    keys = ["\udcff", "x" * LONGEST_KEY, "x" * 5000, "x" * 5000 + "y", "'; DROP TABLE rate; --"]
    for number, key in enumerate(keys, 1):
        on_disk.count(key, number, HOUR)

    assert [on_disk.level(key, HOUR) for key in keys] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("obstacle", ["locked", "a directory", "damaged for good"])
def test_a_store_in_trouble_cannot_tell_and_does_no_harm(path: Path, obstacle: str) -> None:
    path.parent.mkdir()
    lock = None
    if obstacle == "locked":
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    elif obstacle == "a directory":
        path.mkdir()
    else:
        path.write_bytes(b"no database" * 100)
        path.with_name("clients.sqlite.corrupt").mkdir()
    with closing(SqliteClients(path, patience=0.01)) as clients:
        assert clients.count("a", 1, HOUR) is None
        assert clients.level("a", HOUR) is None
        assert clients.sight("a", again, HOUR) is None
        clients.forget("a")
    if lock:
        lock.close()


def test_what_has_run_out_is_tidied_away(on_disk: SqliteClients, clock: Clock) -> None:
    on_disk.count("a", 1, HOUR)
    on_disk.sight("b", again, HOUR)
    on_disk.sight("c", again, 9 * HOUR)

    assert on_disk.tidy(NOW) == 0
    assert on_disk.tidy(NOW + 3 * HOUR) == 2
    assert on_disk.sight("c", again, HOUR) == Sighting(NOW, NOW, 1)


def test_tidying_makes_no_store(path: Path) -> None:
    assert SqliteClients(path).tidy(NOW) == 0
    assert not path.exists()


def test_the_store_does_not_grow_without_bound(
    on_disk: SqliteClients, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes up names for ever drives out the oldest of them."""
    monkeypatch.setattr(clients_sqlite, "LARGEST", 200_000)
    monkeypatch.setattr(clients_sqlite, "_SWEEP_EVERY", 100)
    for number in range(5000):
        on_disk.count(f"rate:network:{number}:" + "x" * 100, 1, HOUR + number)

    assert path.stat().st_size < 600_000
    assert on_disk.level("rate:network:4999:" + "x" * 100, HOUR) == 1
