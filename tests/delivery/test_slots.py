"""Places among the deliveries of a host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymta.delivery.slots import PAUSE, take_place, wait_for_place

HOLDER = """
import sys
from pathlib import Path
from pymta.delivery.slots import take_place
assert take_place(Path(sys.argv[1]), range(1))
print("have it", flush=True)
sys.stdin.read()
"""


def test_there_are_no_more_places_than_the_setting_says(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = take_place(run, range(2)), take_place(run, range(2))
    assert first
    assert second
    assert take_place(run, range(2)) is None
    first.leave()
    third = take_place(run, range(2))
    assert third
    third.leave()
    second.leave()


def test_a_place_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"have it\n"
        assert take_place(tmp_path / "run", range(1)) is None
        holder.kill()
        holder.wait()
    place = take_place(tmp_path / "run", range(1))
    assert place
    place.leave()


def test_who_finds_no_place_waits_a_bounded_time(tmp_path: Path) -> None:
    place = take_place(tmp_path, range(1))
    assert place
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    found = wait_for_place(tmp_path, range(1), patience=1.0, clock=lambda: now[0], sleep=sleep)
    assert found is None
    assert 1.0 <= now[0] < 1.0 + 2 * PAUSE
    place.leave()


def test_a_place_that_is_left_meanwhile_is_taken(tmp_path: Path) -> None:
    place = take_place(tmp_path, range(1))
    assert place
    left: list[float] = []

    def sleep(seconds: float) -> None:
        if not left:
            place.leave()
            left.append(seconds)

    found = wait_for_place(tmp_path, range(1), patience=1.0, clock=lambda: 0.0, sleep=sleep)
    assert found
    found.leave()


def test_a_directory_that_cannot_be_used_is_an_error_not_a_place(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(NotADirectoryError):
        take_place(tmp_path / "run", range(1))


def test_nothing_stays_open_when_there_is_no_place(tmp_path: Path) -> None:
    place = take_place(tmp_path, range(1))
    assert place
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert take_place(tmp_path, range(1)) is None
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    place.leave()


def test_who_moves_to_another_place_leaves_the_one_that_he_had(tmp_path: Path) -> None:
    kept = take_place(tmp_path, range(1, 2))
    common = take_place(tmp_path, range(1))
    assert kept
    assert common

    kept.change_to(common)

    assert kept.number == 0
    assert take_place(tmp_path, range(1)) is None
    last = take_place(tmp_path, range(1, 2))
    assert last
    last.leave()
    kept.leave()
