"""`pymta explain`, `pymta queue why` and `pymta retry` over a state directory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.cli import classic
from pymta.cli.app import run
from pymta.config import generation
from pymta.config.queue import Queue
from pymta.config.rewriting import Rewriting
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.hints.sqlite import SqliteHints
from pymta.hints.store import HostHint
from pymta.mail.envelope import Envelope, Recipient
from pymta.mail.host import Host
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.store import Seal

Capture = pytest.CaptureFixture[str]
Pymta = Callable[..., int]
DEAD = Host("[192.0.2.77]", ip_address("192.0.2.77"))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    machine = Machine(str(tmp_path), str(tmp_path), in_terminal=True)
    settings = Settings(
        routing=Routing(primary_hostname="mail.example.net", local_parts=("user",)),
        queue=Queue(retry=("F,1h,20m",), retry_rules=("*.slow.example refused F,2h,1h",)),
        machine=machine,
    )
    generation.store(generation.current_file(tmp_path), settings)
    return tmp_path


@pytest.fixture
def pymta(state: Path) -> Pymta:
    def typed(command: str, *words: str) -> int:
        return run([*command.split()[:1], "--state", str(state), *command.split()[1:], *words])

    return typed


@pytest.fixture
def hints(state: Path) -> Iterator[SqliteHints]:
    store = SqliteHints(state / "hints" / "hints.sqlite")
    now = time.time()
    store.put(HostHint(DEAD.key, now - 60, now - 60, now + 600, "Connection refused", rule="retry"))
    store.put(HostHint("mx.up.example[192.0.2.1]:25", now - 9, now - 9, now - 1, "busy"))
    yield store
    store.close()


def test_an_address_is_explained_and_nothing_is_touched(
    pymta: Pymta, state: Path, capsys: Capture
) -> None:
    before = sorted(state.rglob("*"))

    assert pymta("explain", "user@mail.example.net") == 0
    assert pymta("explain", "nobody@mail.example.net", "user@mail.example.net") == 2

    out = capsys.readouterr().out
    assert "    delivers: into mailbox user\n" in out
    assert "    fails: Unknown user (5.1.1)\n" in out
    assert sorted(state.rglob("*")) == before


def test_programs_read_the_retry_state_of_hosts(
    pymta: Pymta, hints: SqliteHints, capsys: Capture
) -> None:
    assert pymta("explain", "--json", "x@[192.0.2.77]") == 1

    (found,) = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "waits"
    assert found["hosts"][0]["retry"]["why"] == "Connection refused"
    assert found["next_try"] == hints.get(DEAD.key).next_try  # type: ignore[union-attr]
    assert found["policy"] is None


def test_a_client_is_told_what_policy_says_to_it(pymta: Pymta, capsys: Capture) -> None:
    words = ("--client", "192.0.2.9", "--from", "a@b.example")

    assert pymta("explain", *words, "user@mail.example.net") == 1

    out = capsys.readouterr().out
    assert out.startswith("policy says: 451 4.3.5 ")
    assert "<<< 220" not in out
    assert "    LOG: H=(client.invalid) [192.0.2.9] rejected MAIL <a@b.example>" in out
    assert "    delivers: into mailbox user\n" in out


@pytest.mark.parametrize(
    ("words", "status"),
    [(("a@b@c",), os.EX_DATAERR), (("--helo", "x", "a@b.example"), os.EX_USAGE)],
)
def test_what_makes_no_sense_is_not_explained(
    words: tuple[str, ...], status: int, pymta: Pymta
) -> None:
    assert pymta("explain", *words) == status


def test_the_classic_line_tests_and_verifies_addresses(
    state: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state)}

    assert classic.run(["-bt", "user@mail.example.net"], places) == 0
    assert "    delivers: into mailbox user\n" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", ["user@mail.example.net\n", "\n", "x@mail.example.net\n"])
    assert classic.run(["-bv"], places) == 2
    assert classic.run(["-bv", "a@b@c"], places) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "user@mail.example.net verified",
        "x@mail.example.net failed to verify: Unknown user",
    ]
    assert lines[2].startswith("a@b@c: no address: ")


def test_what_an_address_is_called_is_shown(
    state: Path, pymta: Pymta, capsys: Capture, tmp_path: Path
) -> None:
    table = tmp_path / "canonical"
    table.write_text("old: user\nbad: a b\n")
    os.utime(table, (1e9, 1e9))
    settings = generation.load(generation.current_file(state))
    rewriting = Rewriting(recipient_canonical=(str(table),), masquerade_domains=("example.net",))
    generation.store(generation.current_file(state), replace(settings, rewriting=rewriting))
    places = {"STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state)}

    assert pymta("explain", "old@mail.example.net") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "old@mail.example.net is called user@mail.example.net here"
    assert lines[2] == "    delivers: into mailbox user"
    assert pymta("explain", "bad@mail.example.net") == 1
    assert "canonical:2: 'a b' is no address" in capsys.readouterr().out
    assert classic.run(["-brw", "old@mail.example.net"], places) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  sender: old@example.net",
        "    from: old@example.net",
        "      to: user@example.net",
        "      cc: user@example.net",
        "     bcc: user@example.net",
        "reply-to: old@example.net",
        "env-from: old@example.net",
        "  env-to: user@mail.example.net",
    ]
    assert classic.run(["-brw", "bad@mail.example.net", "a@b@c"], places) == 2


def test_it_is_said_why_a_message_waits(
    pymta: Pymta,
    state: Path,
    hints: SqliteHints,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spool = FileSpool(state / "spool")
    intake = spool.begin(Envelope("a@b.example", (Recipient("x@[192.0.2.77]"),), time.time()))
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(Seal())
    claim = spool.claim(intake.id)
    assert claim
    claim.note(Deferred(time.time(), (0,), time.time() + 900, "Connection refused"))

    monkeypatch.setattr(Disk, "lock", lambda *_: pytest.fail("a hand-on would not get it"))

    assert pymta("queue why", intake.id) == 0
    claim.release()
    out = capsys.readouterr().out
    assert "    a process is at work on it right now\n" in out
    assert "    nobody of those who wait is due yet, not before " in out
    assert "        host [192.0.2.77] [192.0.2.77], TLS may\n" in out

    assert pymta("queue why", "--json", "--offline", intake.id) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in found["reasons"]] == ["retry"]
    assert found["recipients"][0]["way"] is None
    assert pymta("queue why", "1aB2cD-00000000123-4567") == os.EX_NOINPUT


def test_hosts_that_failed_are_listed_and_forgotten(
    pymta: Pymta, hints: SqliteHints, capsys: Capture
) -> None:
    assert pymta("retry list") == 0
    out = capsys.readouterr().out
    assert out.index("mx.up.example") < out.index(DEAD.key)
    assert "    in retry, may be asked now\n" in out
    assert "        Connection refused\n" in out
    assert pymta("retry list", "--json", "192.0.2.77") == 0
    assert [one["host"] for one in json.loads(capsys.readouterr().out)] == [DEAD.key]

    assert pymta("retry reset", "UP.example") == 0
    assert [hint.host for hint in hints.all()] == [DEAD.key]
    assert pymta("retry reset", "up.example") == 1
    assert pymta("retry reset") == os.EX_USAGE
    assert pymta("retry reset", "--all") == 0
    assert hints.all() == []


def test_nothing_is_made_where_there_is_no_memory(
    pymta: Pymta, state: Path, capsys: Capture
) -> None:
    assert pymta("retry list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert not (state / "hints").exists()


def test_retry_rules_can_be_tried_out(pymta: Pymta, capsys: Capture) -> None:
    assert pymta("retry test", "a@b.example") == 0
    assert capsys.readouterr().out.splitlines() == [
        "rule: retry",
        "try   2 after 20m",
        "try   3 after 40m",
        "try   4 after 1h",
        "try   5 after 1h20m",
        "given up after 1h20m",
    ]
    assert pymta("retry test", "--cause", "refused", "mx.slow.example") == 0
    assert capsys.readouterr().out.startswith(
        'rule: retry_rules 1 "*.slow.example refused F,2h,1h"'
    )
    assert pymta("retry test", "--cause", "nonsense", "a@b.example") == os.EX_USAGE
    assert pymta("retry test", "a@b@c") == os.EX_DATAERR
