"""What stands in front of a line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from pymta.config.journal import Journal
from pymta.journal.stamp import Stamp, stamp_of


@pytest.fixture(autouse=True)
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        pytest.param(Journal(), "2001-09-09 10:46:40", id="the usual"),
        pytest.param(
            Journal(log_selector=("+millisec",)), "2001-09-09 10:46:40.007", id="N-39 millisec"
        ),
        pytest.param(Journal(log_timezone=True), "2001-09-09 10:46:40 +0900", id="log_timezone"),
        pytest.param(
            Journal(log_selector=("+pid",)), f"2001-09-09 10:46:40 [{os.getpid()}]", id="N-39 pid"
        ),
        pytest.param(
            Journal(log_selector=("+all",), log_timezone=True),
            f"2001-09-09 10:46:40.007 +0900 [{os.getpid()}]",
            id="all of them",
        ),
    ],
)
def test_a_stamp_has_the_classic_form(settings: Journal, text: str) -> None:
    """N-39, section 0.2"""
    wanted = stamp_of(settings)

    assert Stamp(wanted.millisec, wanted.zone, wanted.pid, lambda: 1_000_000_000.0079)() == text
