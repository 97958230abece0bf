"""MTA-STS policies on disk, shared by processes, and of no harm when they are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.hints.policies import KeptPolicy, OnlyRead
from pymta.hints.policies_sqlite import SqlitePolicies
from pymta.tls.mta_sts import Mode, Policy

POLICY = Policy(Mode.ENFORCE, ("mx.example.org", "*.example.net"), 1000)
KEPT = KeptPolicy("example.org", 5000.0, "id1", POLICY, 5000.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hints" / "mta-sts.sqlite"


def test_a_policy_outlives_its_process(path: Path) -> None:
    SqlitePolicies(path).put(KEPT)
    assert SqlitePolicies(path).get("example.org") == KEPT
    assert SqlitePolicies(path).get("example.net") is None


def test_also_that_there_is_none_is_kept(path: Path) -> None:
    none = KeptPolicy("example.org", 5000.0, why="no answer \udc80")
    store = SqlitePolicies(path)
    store.put(none)
    found = store.get("example.org")
    assert found
    assert (found.policy, found.why) == (None, "no answer ?")


def test_what_has_run_out_is_tidied_away(path: Path) -> None:
    store = SqlitePolicies(path)
    store.put(KEPT)
    store.put(KeptPolicy("example.net", 5000.0, "id", Policy(Mode.NONE, (), 10_000_000), 5000.0))
    assert store.tidy(5500.0) == 0
    assert store.tidy(1_000_000.0) == 1
    assert store.get("example.org") is None
    assert store.get("example.net")


def test_the_store_does_not_grow_without_bound(path: Path) -> None:
    store = SqlitePolicies(path, most=2)
    for number in range(4):
        store.put(KeptPolicy(f"{number}.example", 5000.0 + number, "id", POLICY, 5000.0))
    assert store.tidy(5500.0) == 2
    assert [bool(store.get(f"{number}.example")) for number in range(4)] == [0, 0, 1, 1]


@pytest.mark.parametrize("obstacle", ["file", "rubbish"])
def test_a_store_in_trouble_knows_nothing_and_does_no_harm(path: Path, obstacle: str) -> None:
    if obstacle == "file":
        path.parent.write_text("in the way")
    else:
        path.parent.mkdir()
        path.write_bytes(b"rubbish" * 1000)
    store = SqlitePolicies(path)
    store.put(KEPT)
    assert store.get("example.org") == (None if obstacle == "file" else KEPT)
    store.tidy(0.0)


def test_who_only_asks_makes_no_store(path: Path) -> None:
    store = SqlitePolicies(path)
    assert store.tidy(0.0) == 0
    assert store.get("example.org") is None
    OnlyRead(store).put(KEPT)
    assert not path.exists()
