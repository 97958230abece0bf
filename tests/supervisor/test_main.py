"""The supervisor as a program: how it ends when it cannot begin."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.config import generation
from pymta.config.process import Process
from pymta.config.settings import Machine, Settings
from tests.doubles import warm


@pytest.fixture
def current(tmp_path: Path) -> Path:
    return stored(tmp_path, Settings())


def stored(directory: Path, settings: Settings) -> Path:
    path = generation.current_file(directory)
    machine = Machine(state_directory=str(directory), runtime_directory=str(directory))
    generation.store(path, replace(settings, machine=machine))
    return path


def run(current: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return warm.run(
        [sys.executable, "-P", "-m", "pymta.supervisor.main", str(current)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_settings_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    done = run(tmp_path / "current.json")

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("pymta cannot start: ")
    assert "current.json" in line


def test_a_mistake_of_ours_is_logged_and_has_a_status_of_its_own(current: Path) -> None:
    done = run(current, PYMTA_HANDOVER="no descriptor of ours")

    assert done.returncode == 70
    assert "daemon failed: ValueError: invalid literal" in done.stderr


def test_a_mistake_of_ours_can_leave_a_core_dump(tmp_path: Path) -> None:
    """panic_coredump"""
    current = stored(tmp_path, Settings(process=Process(panic_coredump=True)))
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, limit[1]))  # the signal is enough to see
    try:
        done = run(current, PYMTA_HANDOVER="no descriptor of ours")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limit)

    assert done.returncode == -signal.SIGABRT
    assert "daemon failed: ValueError: invalid literal" in done.stderr
