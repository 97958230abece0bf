"""A fresh machine for each test: systemd booted, pymta installed, nothing started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.box import Box, why_impossible
from tests.doubles.peers import CHECKOUT


@pytest.fixture(scope="session")
def able() -> None:
    """Only root can boot a box; where root cannot, that is a failure and not a skip."""
    reason = why_impossible(os.geteuid())
    if reason and os.geteuid() != 0:
        pytest.skip(reason)
    assert reason is None


@pytest.fixture
def bare_box(able: None, tmp_path: Path) -> Iterator[Box]:
    box = Box(_own(tmp_path), shown=[CHECKOUT])
    yield box
    box.stop()


@pytest.fixture
def box(able: None, installed: Path, tmp_path: Path) -> Iterator[Box]:
    box = Box(_own(tmp_path), layers=[installed], shown=[CHECKOUT])
    try:
        box.run("systemd-sysusers", "pymta.conf")
        box.run("systemd-tmpfiles", "--create", "pymta.conf")
        yield box
    finally:
        box.stop()


def _own(tmp_path: Path) -> Path:
    directory = tmp_path / "box"
    directory.mkdir()
    return directory
