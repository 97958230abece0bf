"""Fixtures that several directories of tests share."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.peers import CHECKOUT

# How busy the machine is says nothing about us.
settings.register_profile("pymta", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pymta")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked as root's is left out for others, and nothing else is for anybody."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="only root can do that"))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return not_skipped((yield))


Report = TypeVar("Report", pytest.CollectReport, pytest.TestReport)


def not_skipped(report: Report) -> Report:
    """Root can do everything: a test that root leaves out proves nothing, and fails."""
    if report.skipped and os.geteuid() == 0:
        report.outcome = "failed"
        report.longrepr = f"left out, though we are root: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The tree that `packaging/install --root` makes; made once for all workers."""
    return once(tmp_path_factory, worker_id, "installed", install)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One for everybody who does not care which; nobody writes to its files."""
    return certificates.make(tmp_path_factory.mktemp("certificate"))


def once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], None]
) -> Path:
    """What `make` puts at a path that all workers of this run share."""
    own = factory.getbasetemp()
    path = (own if worker_id == "master" else own.parent) / name
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            draft = path.with_suffix(".new")  # what was begun and failed is not taken for done
            make(draft)
            draft.rename(path)
    return path


def install(tree: Path) -> None:
    """Install below `tree`; raises AssertionError with what was said when that fails."""
    done = subprocess.run(
        [CHECKOUT / "packaging/install", "--root", tree],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
