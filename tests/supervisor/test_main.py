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


@pytest.fixture
def current(tmp_path: Path) -> Path:
    return stored(tmp_path, Settings())


def stored(directory: Path, settings: Settings) -> Path:
    path = generation.current_file(directory)
    machine = Machine(state_directory=str(directory), runtime_directory=str(directory))
    generation.store(path, replace(settings, machine=machine))
    return path


def run(current: Path, table: bytes = b"") -> subprocess.CompletedProcess[str]:
    """With what the image before is said to have left."""
    fd = os.memfd_create("table", 0)
    try:
        os.write(fd, table)
        handed = {"PYMTA_HANDOVER": str(fd)} if table else {}
        return subprocess.run(
            [sys.executable, "-P", "-m", "pymta.supervisor.main", str(current)],
            env=os.environ | handed,
            pass_fds=(fd,),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(fd)


def test_settings_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    done = run(tmp_path / "current.json")

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("pymta cannot start: ")
    assert "current.json" in line


def test_a_table_of_another_version_is_one_line(current: Path) -> None:
    done = run(current, b'{"version": 99}')

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith("pymta cannot start: handover table has version 99")


def test_a_mistake_of_ours_is_logged_and_has_a_status_of_its_own(current: Path) -> None:
    done = run(current, b"what is this")

    assert done.returncode == 70
    assert "daemon failed: json.decoder.JSONDecodeError" in done.stderr


def test_a_mistake_of_ours_can_leave_a_core_dump(tmp_path: Path) -> None:
    """panic_coredump"""
    current = stored(tmp_path, Settings(process=Process(panic_coredump=True)))
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, limit[1]))  # the signal is enough to see
    try:
        done = run(current, b"what is this")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limit)

    assert done.returncode == -signal.SIGABRT
    assert "daemon failed: json.decoder.JSONDecodeError" in done.stderr
