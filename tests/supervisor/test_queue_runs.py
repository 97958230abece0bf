"""Which runs the daemon's clock starts, and in whose name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.channel.selection import Selection
from pymta.config.queue import Queue
from pymta.config.settings import Settings
from pymta.supervisor.queue_runs import QueueRuns
from tests.supervisor.test_requests import Asked


class Clocked:
    """Runs of a daemon; a tick is a second or more after the one before."""

    def __init__(self, directory: Path, queue: Queue) -> None:
        asked = Asked(directory, Settings(queue=queue))
        self._deliveries = asked.runs
        self.runs = QueueRuns(asked.place)
        self.now = asked.place.began

    def tick(self, seconds: float) -> str:
        """Queue and starter of the run that begins now; "" for none."""
        self.now += seconds
        self._deliveries.started = None
        self.runs.start_due(self.now)
        return told(self._deliveries.started)


def told(run: Selection | None) -> str:
    return f"{run.queue or 'default'} by {run.by}" if run else ""


@pytest.fixture
def clocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clocked:
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    return Clocked(
        tmp_path, Queue(queue_run="internal", queue_run_interval=60, queue_runs=("-qGslow/60s",))
    )


def test_the_first_run_of_each_queue_is_that_of_the_start(clocked: Clocked) -> None:
    """QR-01, N-28: one a tick."""
    assert [clocked.tick(0), clocked.tick(1), clocked.tick(1)] == [
        "default by start",
        "slow by start",
        "",
    ]
    assert [clocked.tick(58), clocked.tick(1)] == ["default by alarm", "slow by alarm"]


def test_after_a_reload_it_is_that_of_the_reload(clocked: Clocked) -> None:
    clocked.runs.go_on()

    assert [clocked.tick(0), clocked.tick(60)] == ["default by reload", "slow by reload"]
    assert clocked.tick(1) == "default by alarm"


def test_a_clock_is_late_by_what_it_has_missed(clocked: Clocked) -> None:
    """What the watchdog is told; runs that wait for their tick are not late."""
    assert clocked.runs.lateness(0.0) == 0.0
    assert clocked.runs.lateness(7.0) == 7.0
    clocked.tick(7.0)
    assert clocked.runs.lateness(7.0) == 0.0
    clocked.tick(1.0)
    assert clocked.runs.lateness(50.0) == 0.0


def test_without_a_clock_nothing_is_late(tmp_path: Path) -> None:
    assert Clocked(tmp_path, Queue(queue_run="timer")).runs.lateness(1e9) == 0.0
