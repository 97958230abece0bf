"""Before its first delivery the helper goes through some to nobody, and leaves nothing of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.config.deliver import Deliver
from pymta.local.desk import CAUGHT
from pymta.local.rehearsal import rehearse


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """As they were, afterwards."""
    before = {number: signal.getsignal(number) for number in CAUGHT}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_mail_to_nobody_is_stored_and_then_taken_away(tmp_path: Path) -> None:
    assert rehearse(Deliver(), 2, memory=tmp_path) == 2
    assert not list(tmp_path.iterdir())


def test_mail_to_nobody_never_reaches_the_spool_directory(tmp_path: Path) -> None:
    (spool := tmp_path / "spool").mkdir()
    (memory := tmp_path / "memory").mkdir()
    assert rehearse(Deliver(mail_spool_directory=str(spool)), 1, memory=memory) == 1
    assert not list(spool.iterdir())
    assert not list(memory.iterdir())


def test_environment_and_descriptors_stay_as_they_were(tmp_path: Path) -> None:
    environment, descriptors = dict(os.environ), os.listdir("/proc/self/fd")  # noqa: PTH208
    rehearse(Deliver(), 1, memory=tmp_path)
    assert dict(os.environ) == environment
    assert os.listdir("/proc/self/fd") == descriptors  # noqa: PTH208


def test_without_a_place_for_it_there_is_none(tmp_path: Path) -> None:
    assert rehearse(Deliver(), 1, memory=tmp_path / "missing") == 0
