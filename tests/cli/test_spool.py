"""`pymta spool`: what it says of a spool, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pymta.cli.app import run
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
