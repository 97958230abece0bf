"""`pymta spool`: what it says of a spool, and its exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pymta.cli import spool_torture
from pymta.cli.app import run
from pymta.spool.disk import Disk
from pymta.spool.torture import Torturer
from tests.doubles.queued import put

Capture = pytest.CaptureFixture[str]


def verify(state: Path, *words: str) -> int:
    return run(["spool", "--state", str(state), "verify", *words])


def test_a_spool_that_is_well(tmp_path: Path, capsys: Capture) -> None:
    put(tmp_path, due=4e9)

    assert verify(tmp_path) == 0

    assert capsys.readouterr().out == (
        f"{tmp_path}/spool: 1 message and 1 journal read whole, 20 bytes; no damage found\n"
    )


def test_damage_and_remarks(tmp_path: Path, capsys: Capture) -> None:
    id = put(tmp_path)
    (tmp_path / "spool/queue" / id).write_bytes(b"")
    (tmp_path / "spool/incoming" / id).touch(0o600)

    assert verify(tmp_path) == 1

    assert capsys.readouterr().out == (
        f"damage  queue/{id}: not a message file of version 1\n"
        f"remark  incoming/{id}: is being written, or was when its writer died; a sweep"
        " (pymta tidy) takes it\n"
        f"{tmp_path}/spool: 0 messages and 0 journals read whole, 0 bytes; 1 damage found\n"
    )
    assert verify(tmp_path, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["damage"] == [{"place": f"queue/{id}", "what": "not a message file of version 1"}]
    assert [one["place"] for one in said["remarks"]] == [f"incoming/{id}"]
    assert (said["messages"], said["directory"]) == (0, f"{tmp_path}/spool")


def test_where_there_was_never_mail(tmp_path: Path, capsys: Capture) -> None:
    assert verify(tmp_path) == 0
    assert capsys.readouterr().out == f"{tmp_path}/spool: there is no spool yet\n"
    assert list(tmp_path.iterdir()) == []


def test_a_spool_without_its_queue_is_not_taken_for_one_where_there_was_never_mail(
    tmp_path: Path, capsys: Capture
) -> None:
    put(tmp_path)
    shutil.rmtree(tmp_path / "spool/queue")

    assert verify(tmp_path) == 1

    assert capsys.readouterr().out == (
        "damage  queue: is missing\n"
        f"{tmp_path}/spool: 0 messages and 0 journals read whole, 0 bytes; 1 damage found\n"
    )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/crash goes through all of them."""
    monkeypatch.setattr(Torturer, "calls", lambda _self: 3)
    monkeypatch.setattr(spool_torture, "MOMENTS", 2)


def test_torture_counts_what_it_did_and_leaves_nothing(
    few: None, tmp_path: Path, capsys: Capture
) -> None:
    assert run(["spool", "torture", str(tmp_path)]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{tmp_path}: a sync takes ")
    assert said[1:] == [
        "    4 kills between two system calls",
        "    2 kills at any moment",
        "   16 power cuts",
        "every promise was kept",
    ]
    assert list(tmp_path.iterdir()) == []


def test_torture_names_a_broken_promise_and_keeps_its_directory(
    few: None, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loses(self: Disk, at: int, name: str, to: int, new: str) -> None:
        self.rename(at, name, to, f"{new}.lost")

    monkeypatch.setattr(Disk, "link", loses)

    assert run(["spool", "torture", "--seed", "1", str(tmp_path)]) == 1

    said = capsys.readouterr().out
    assert "\nBROKEN: moment 1: " in said
    (kept,) = tmp_path.iterdir()
    assert f"promises were broken; see {kept} (--seed 1)" in said


def test_torture_wants_a_directory(tmp_path: Path, capsys: Capture) -> None:
    assert run(["spool", "torture", str(tmp_path / "none")]) == 66
    assert capsys.readouterr().err == f"pymta: {tmp_path}/none: no such directory\n"
