"""`pymta simulate`: the present queue, played through an outage."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.hints.sqlite import SqliteHints
from pymta.hints.store import HostHint
from tests.doubles.queued import put, waiting

HERE, ELSEWHERE = "a@[192.0.2.77]", "b@[192.0.2.88]"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for recipient in (HERE, ELSEWHERE):
        put(tmp_path, recipient, sender="boss@[192.0.2.88]")
    return tmp_path


def simulate(state: Path, *words: str) -> int:
    return run(["simulate", "--state", str(state), *words])


def test_the_outage_of_a_host_is_played_to_its_end(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = waiting(state)
    files = sorted(state.rglob("*"))

    assert simulate(state, "--outage", "192.0.2.77", "--for", "1h", "--every", "5m") == 0

    lines = capsys.readouterr().out.splitlines()
    assert any(" +0s " in line and f"=> {ELSEWHERE}" in line for line in lines)
    tries = [line for line in lines if f"== {HERE}" in line]
    assert [line.split()[2] for line in tries] == ["+0s", "+15m", "+30m", "+45m"]
    assert any(" +1h " in line and f"=> {HERE}" in line for line in lines)
    assert lines[-1] == (
        "2 messages: 2 deliveries, 4 tries put off, 0 recipients given up, 0 reports;"
        " 0 still there after 1h"
    )
    assert waiting(state) == ids
    assert sorted(state.rglob("*")) == files


def test_one_that_is_longer_than_the_rules_ends_in_reports(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(state, "--outage", "192.0.2.77", "--for", "9d", "--summary") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "1 recipients given up, 3 reports; 0 still there after 4d" in line


def test_programs_get_a_json_line_for_each_event(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(state, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["kind"] for line in lines} == {"delivered", "completed"}
    assert {line["id"] for line in lines} == set(waiting(state))


def test_a_time_without_a_unit_is_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate(state, "--for", "3") == 64
    assert "want a time" in capsys.readouterr().err


def everything_in(state: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        path: (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in state.rglob("*")
    }


def test_where_there_was_never_mail_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path) == 0
    assert capsys.readouterr().out.startswith("0 messages: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"damaged" * 100])
def test_hints_that_cannot_be_read_stay_as_they_are(state: Path, content: bytes) -> None:
    file = state / "hints" / "hints.sqlite"
    file.parent.mkdir()
    file.write_bytes(content)
    file.chmod(0o640)
    before = everything_in(state)

    assert simulate(state, "--summary") == 0

    assert everything_in(state) == before


@pytest.mark.parametrize("is_open", [False, True])
def test_what_is_remembered_of_a_host_counts_and_stays(
    state: Path, capsys: pytest.CaptureFixture[str], is_open: bool
) -> None:
    """In use by a daemon or not."""
    now = time.time()
    hints = SqliteHints(state / "hints" / "hints.sqlite")
    hints.put(HostHint("[192.0.2.77][192.0.2.77]:25", now - 60, now - 60, now + 1000, "refused"))
    if not is_open:
        hints.close()
    before = everything_in(state)

    assert simulate(state, "--every", "5m") == 0

    lines = capsys.readouterr().out.splitlines()
    assert any(" +20m " in line and f"=> {HERE}" in line for line in lines)
    assert everything_in(state).keys() == before.keys()
    hints.close()
