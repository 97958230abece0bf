"""Which runs the daemon's clock starts, and in whose name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.channel.selection import Selection
from pymta.config.queue import Queue
from pymta.config.session import Session
from pymta.config.settings import Settings
from pymta.supervisor.children import Child, Job
from pymta.supervisor.queue_runs import QueueRuns
from tests.supervisor.test_requests import Asked, Runs


class Clocked:
    """Runs of a daemon; a tick is a second or more after the one before."""

    def __init__(
        self,
        directory: Path,
        queue: Queue,
        session: Session = Session(),  # noqa: B008
    ) -> None:
        asked = Asked(directory, Settings(queue=queue, session=session))
        self.deliveries, self.children = asked.runs, asked.children
        self.runs = QueueRuns(asked.place)
        self.now = asked.place.began

    def tick(self, seconds: float) -> str:
        """Queue and starter of the run that begins now; "" for none."""
        self.now += seconds
        self.deliveries.started = None
        self.runs.start_due(self.now)
        return told(self.deliveries.started)


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


def etrn(clocked: Clocked, domain: str) -> Selection | None:
    clocked.deliveries.started = None
    clocked.runs.start_for(domain)
    return clocked.deliveries.started


def test_etrn_starts_a_run_over_what_waits_for_a_domain(clocked: Clocked) -> None:
    """RFC 1985; in every queue, and before its time."""
    run = etrn(clocked, "far.example")

    assert run == Selection(
        force=True,
        recipients="@far\\.example$",
        recipients_are_pattern=True,
        by="etrn",
        everywhere=True,
    )
    below = etrn(clocked, "@far.example")
    assert below
    assert below.recipients == "[@.]far\\.example$"


@pytest.mark.parametrize(("is_serial", "again"), [(True, False), (False, True)])
def test_etrn_starts_one_run_at_a_time(tmp_path: Path, is_serial: bool, again: bool) -> None:
    """smtp_etrn_serialize: for one domain; where the first has ended the next begins."""
    clocked = Clocked(tmp_path, Queue(), Session(smtp_etrn_serialize=is_serial))
    assert etrn(clocked, "far.example")
    clocked.children.add(Child(Runs.PID, Job.QUEUE_RUN))

    assert bool(etrn(clocked, "far.example")) == again
    assert etrn(clocked, "near.example")
    clocked.children.remove(Runs.PID)
    assert etrn(clocked, "far.example")


def test_etrn_respects_queue_run_max(tmp_path: Path) -> None:
    clocked = Clocked(tmp_path, Queue(queue_run_max=1))
    clocked.children.add(Child(4711, Job.QUEUE_RUN))

    assert etrn(clocked, "far.example") is None


def test_without_a_clock_nothing_is_late(tmp_path: Path) -> None:
    assert Clocked(tmp_path, Queue(queue_run="timer")).runs.lateness(1e9) == 0.0
