"""`pymta tidy` over a state directory with leftovers of every kind."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.hints.clients_sqlite import SqliteClients
from pymta.hints.sqlite import KEPT, SqliteHints
from pymta.hints.store import HostHint
from pymta.spool.files import FileSpool
from tests.doubles.queued import put, waiting

Capture = pytest.CaptureFixture[str]  # of the descriptors, which the log is written to
LONG_AGO = time.time() - 40 * 86_400


@pytest.fixture
def state(tmp_path: Path) -> Path:
    machine = Machine(str(tmp_path), str(tmp_path), in_terminal=True)
    generation.store(generation.current_file(tmp_path), Settings(machine=machine))
    (tmp_path / "spool").mkdir(mode=0o700)
    return tmp_path


def tidy(state: Path) -> int:
    return run(["tidy", "--state", str(state)])


def leave(path: Path, *, at: float = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left")
    os.utime(path, (at, at))
    return path


def test_where_all_is_in_order_nothing_is_said_or_changed(state: Path, capfd: Capture) -> None:
    put(state)
    kept = [
        leave(state / "mail/user/tmp/1.fresh.pymta", at=time.time()),
        leave(state / "mail/user/tmp/1.of-another-program"),
        leave(state / "mail/user/new/1.mail.pymta"),
        leave(state / "config/candidate.json", at=time.time()),
        leave(state / "config/current.json.mine"),
    ]

    assert tidy(state) == 0

    assert capfd.readouterr() == ("", "")
    assert all(path.exists() for path in kept)
    assert len(waiting(state)) == 1
    assert not (state / "hints").exists()


def test_leftovers_go_and_are_counted(state: Path, capfd: Capture) -> None:
    hints = SqliteHints(state / "hints/hints.sqlite")
    now = time.time()
    for host, tried in (("old", now - KEPT - 60), ("older", now - 2 * KEPT), ("new", now)):
        hints.put(HostHint(host, tried, tried, tried, "why"))
    hints.close()
    clients = SqliteClients(state / "hints/clients.sqlite", clock=lambda: now - KEPT)
    clients.count("rate:old", 1, 3600)
    clients.close()
    id = put(state)
    orphan = leave(state / "spool/journal/1wIcRd-000000012Tz-1abc")
    left = [
        orphan,
        leave(state / "mail/user/tmp/1.half.pymta"),
        leave(state / "mail/other/tmp/2.half.pymta"),
        leave(state / "config/.current.json.4711"),
        leave(state / "config/candidate.json"),
        leave(state / "hints/hints.sqlite.corrupt"),
    ]

    assert tidy(state) == 0

    said = capfd.readouterr().err
    assert "tidied: 1 in spool, 4 in hints, 2 in mailboxes, 2 in settings" in said
    assert not any(path.exists() for path in left)
    assert waiting(state) == [id]
    with_new = SqliteHints(state / "hints/hints.sqlite")
    assert with_new.get("new")
    assert not with_new.get("old")
    with_new.close()


def test_damaged_messages_stay_and_the_operator_hears_of_them(state: Path, capfd: Capture) -> None:
    id = put(state)
    message = state / "spool/queue" / id
    message.write_bytes(message.read_bytes()[:10])
    spool = FileSpool(state / "spool")
    assert spool.claim(id) is None
    spool.close()
    capfd.readouterr()

    assert tidy(state) == 0

    said = capfd.readouterr().err
    assert re.search(r"1 damaged message waits for you in \S+/spool/corrupt", said)
    assert (state / "spool/corrupt" / id).exists()


def test_one_part_that_cannot_be_looked_at_leaves_the_others_tidied(
    state: Path, capfd: Capture
) -> None:
    (state / "spool").rmdir()
    (state / "spool").write_text("not a directory")
    left = leave(state / "mail/user/tmp/1.half.pymta")

    assert tidy(state) == os.EX_TEMPFAIL

    said = capfd.readouterr().err
    assert "tidy: spool: cannot clear the spool" in said or "tidy: spool: cannot open" in said
    assert "tidied: 1 in mailboxes" in said
    assert not left.exists()
