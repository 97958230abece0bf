"""atheris itself: from the kept corpus on, for a bounded time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS
from tests.fuzz.test_corpus import CORPUS

TOP = Path(__file__).parents[2]


def test_a_short_search_finds_nothing_new(tmp_path: Path) -> None:
    done = run("each", "1", str(CORPUS), str(tmp_path))

    assert done.stdout.splitlines() == [f"{name} 0" for name in TARGETS], "".join(
        path.read_text()[-3000:] for path in sorted(tmp_path.glob("*.log"))
    )
    for name in TARGETS:
        assert "Done" in (tmp_path / f"{name}.log").read_text()


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_long_search_finds_nothing_new(name: str, tmp_path: Path) -> None:
    """New inputs go to the directory and are gone with it; who wants to keep one copies it."""
    done = run(
        *(name, "-max_total_time=600", f"-artifact_prefix={tmp_path}/broken-"),
        *(str(tmp_path), str(CORPUS / name)),
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Done" in done.stderr, done.stderr[-3000:]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", *words],
        cwd=TOP,
        check=False,
        capture_output=True,
        text=True,
    )
