"""atheris itself: from the kept corpus on, for a bounded time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS
from tests.fuzz.test_corpus import CORPUS

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_short_search_finds_nothing_new(name: str, tmp_path: Path) -> None:
    search(name, tmp_path, seconds=2)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_long_search_finds_nothing_new(name: str, tmp_path: Path) -> None:
    search(name, tmp_path, seconds=600)


def search(name: str, directory: Path, *, seconds: int) -> None:
    """New inputs go to the directory and are gone with it; who wants to keep one copies it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.run", name),
            *(f"-max_total_time={seconds}", f"-artifact_prefix={directory}/broken-"),
            *(str(directory), str(CORPUS / name)),
        ],
        cwd=TOP,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Done" in done.stderr, done.stderr[-3000:]
