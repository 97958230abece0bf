"""`pymta simulate`: the present queue, played through an outage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pymta.cli.app import run
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
    assert "1 recipients given up, 1 reports; 0 still there after 4d" in line


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
