"""What a sweep takes, and what it leaves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.states import SWEEP_AGE
from pymta.spool.store import Seal

ENVELOPE = Envelope("a@b.example", (Recipient("c@d.example"),), 0.0)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def at(top: Path, age: float) -> FileSpool:
    return FileSpool(top, clock=lambda: time.time() + age)


def accept_and_note(spool: FileSpool) -> str:
    intake = spool.begin(ENVELOPE)
    intake.commit(Seal())
    claim = spool.claim(intake.id)
    assert claim
    claim.note(Deferred(0.0, (0,), 1.0, "busy"))
    claim.release()
    return intake.id


def test_a_dead_writers_file_goes_only_when_it_is_old(top: Path) -> None:
    intake = at(top, 0).begin(ENVELOPE)

    assert at(top, SWEEP_AGE - 60).sweep() == 0
    assert (top / "incoming" / intake.id).exists()
    assert at(top, SWEEP_AGE + 60).sweep() == 1
    assert list((top / "incoming").iterdir()) == []


def test_a_second_name_of_an_accepted_message_goes_and_the_message_stays(top: Path) -> None:
    id = accept_and_note(at(top, 0))
    (top / "incoming" / id).hardlink_to(top / "queue" / id)

    assert at(top, SWEEP_AGE + 60).sweep() == 1
    assert at(top, 0).claim(id)


def test_a_journal_without_a_message_goes_at_once(top: Path) -> None:
    spool = at(top, 0)
    kept, gone = accept_and_note(spool), accept_and_note(spool)
    (top / "queue" / gone).unlink()

    assert spool.sweep() == 1
    assert [path.name for path in (top / "journal").iterdir()] == [kept]


def test_the_journal_of_a_message_that_was_set_aside_follows_it(top: Path) -> None:
    spool = at(top, 0)
    id = accept_and_note(spool)
    (top / "queue" / id).rename(top / "corrupt" / id)

    assert spool.sweep() == 1
    assert (top / "corrupt" / f"{id}.journal").read_bytes().startswith(b"PYMTA-JOURNAL 1\n")
    assert spool.sweep() == 0


def test_names_that_are_no_ids_are_not_ours_to_touch(top: Path) -> None:
    spool = at(top, SWEEP_AGE * 2)
    spool.reserve()
    for directory in ("incoming", "queue", "journal", "corrupt"):
        (top / directory / "README").touch()

    assert spool.sweep() == 0
    assert list(spool.waiting()) == []
    assert len(list(top.rglob("README"))) == 4
