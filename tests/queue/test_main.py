"""A whole queue run: its lines and its exit status.  What a delivery does is tested elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pymta.channel.selection import Selection
from pymta.config.settings import Machine, Settings
from pymta.journal.event import Kind
from pymta.mail.envelope import Envelope, Recipient
from pymta.queue.main import DONE, TRY_LATER, main
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.states import SWEEP_AGE
from pymta.spool.store import Seal
from tests.doubles.log import MemoryLog

NEVER_REACHED = 4e9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(machine=Machine(state_directory=str(tmp_path)))


@pytest.mark.parametrize(
    ("selection", "tail"),
    [(Selection(by="timer"), ""), (Selection(force=True, thaw=True), " -qff")],
    ids=["plain", "forced"],
)
def test_a_run_says_when_it_starts_and_when_it_ends(
    settings: Settings, selection: Selection, tail: str
) -> None:
    log = MemoryLog()

    assert main(settings, log, selection) == DONE

    pid = os.getpid()
    assert log.texts() == [f"Start queue run: pid={pid}{tail}", f"End queue run: pid={pid}{tail}"]
    assert {event.kind for event in log.events} == {Kind.QUEUE_RUN}
    assert log.events[1].fields == {"BY": selection.by, "ATTEMPTED": "0"}
    assert log.is_closed


def test_a_message_before_its_time_stays_where_it_is(settings: Settings, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    intake = spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 0.0))
    intake.commit(Seal())
    claim = spool.claim(intake.id)
    assert claim
    claim.note(Deferred(3e9, (0,), NEVER_REACHED, "busy"))
    claim.release()

    assert main(settings, log := MemoryLog(), Selection()) == DONE
    assert log.events[-1].fields["ATTEMPTED"] == "0"
    assert spool.holds(intake.id)


def test_a_run_clears_what_stopped_processes_left(settings: Settings, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 0.0))
    late = FileSpool(tmp_path / "spool", clock=lambda: NEVER_REACHED + SWEEP_AGE)

    assert main(settings, MemoryLog(), Selection()) == DONE
    assert len(list((tmp_path / "spool" / "incoming").iterdir())) == 1  # not old enough
    assert late.sweep() == 1


def test_a_spool_that_cannot_be_read_is_one_line_and_a_status(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_bytes(b"")

    assert main(settings, log := MemoryLog(), Selection()) == TRY_LATER
    assert log.events[-1].kind is Kind.TROUBLE
    assert "cannot open the spool directory" in log.texts()[-1]
    assert log.is_closed
