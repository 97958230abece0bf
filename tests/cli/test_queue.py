"""`pymta queue` over a real spool."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.cli.app import run
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Client, Envelope, Recipient
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred, Delivered, Frozen
from pymta.spool.store import Seal, Spool

HEADER = b"Subject: hello\r\nFrom: a@b.example\r\n"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def spool(tmp_path: Path) -> FileSpool:
    machine = Machine(str(tmp_path), str(tmp_path), in_terminal=True)
    generation.store(generation.current_file(tmp_path), Settings(machine=machine))
    (tmp_path / "spool").mkdir(mode=0o700)
    return FileSpool(tmp_path / "spool")


@pytest.fixture
def queue(tmp_path: Path) -> Callable[..., int]:
    return lambda *words: run(["queue", "--state", str(tmp_path), *words])


def put(
    spool: Spool,
    *recipients: str,
    sender: str = "a@b.example",
    at: float = 1e9,
    queue_name: str = "",
) -> str:
    envelope = Envelope(
        sender,
        tuple(map(Recipient, recipients)),
        at,
        Client("192.0.2.7", 40112, "client.example", "esmtp"),
        queue_name=queue_name,
    )
    intake = spool.begin(envelope)
    intake.write(HEADER + b"\r\nbody\r\n")
    intake.commit(Seal(on_top=("Received: from x\r\n",)))
    return intake.id


def test_an_empty_queue_lists_nothing(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    assert queue("list") == 0
    assert capsys.readouterr().out == ""
    assert queue("list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_list_shows_what_is_settled_and_what_is_frozen(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example", "two@d.example", sender="")
    claim = spool.claim(id)
    assert claim
    claim.note(Delivered(1e9, (0,)))
    claim.note(Frozen(1e9, "delivery error message"))
    claim.release()

    assert queue("list") == 0

    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf" *[0-9]+d +[0-9]+ {id} <> \*\*\* frozen \*\*\*", lines[0])
    assert lines[1:] == ["        D one@d.example", "          two@d.example", ""]


def test_the_list_for_programs_has_every_message(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    ids = [put(spool, "one@d.example"), put(spool, "two@d.example")]
    claim = spool.claim(ids[1])
    assert claim
    claim.note(Deferred(1e9, (0,), 1e9 + 900, "Connection refused"))
    claim.release()

    assert queue("list", "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert [message["id"] for message in found] == ids
    assert found[1]["recipients"] == [
        {"address": "two@d.example", "settled": False, "reason": "Connection refused"}
    ]
    assert (found[1]["due"], found[1]["attempts"]) == (1e9 + 900, 1)


def test_all_queues_are_listed_by_arrival_or_one_of_them(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    """N-16"""
    names = ("slow", "", "hipri", "slow")
    ids = [put(spool, "one@d.example", queue_name=name) for name in names]

    def listed(*words: str) -> list[tuple[str, str]]:
        assert queue("list", *words, "--json") == 0
        return [(one["queue"], one["id"]) for one in json.loads(capsys.readouterr().out)]

    assert listed() == list(zip(names, ids, strict=True))
    assert listed("--queue", "slow") == [("slow", ids[0]), ("slow", ids[3])]
    assert listed("--queue", "") == [("", ids[1])]
    assert listed("--queue", "unheard-of") == []

    assert queue("list") == 0
    firsts = [line for line in capsys.readouterr().out.splitlines() if "<a@b.example>" in line]
    assert [line.partition("> ")[2] for line in firsts] == ["Q=slow", "", "Q=hipri", "Q=slow"]


def test_a_message_is_shown_and_removed_only_from_the_queue_that_was_named(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    """N-16"""
    id = put(spool, "one@d.example", queue_name="slow")

    assert queue("show", "--queue", "hipri", id) == os.EX_NOINPUT
    assert queue("remove", "--queue", "", id) == os.EX_NOINPUT
    told = capsys.readouterr()
    assert f"{id}: no such message in queue hipri\n" in told.err
    assert spool.holds(id)

    assert queue("show", "--queue", "slow", id) == 0
    assert "Queue       slow\n" in capsys.readouterr().out
    assert queue("remove", "--queue", "slow", id) == 0
    assert not spool.holds(id)


@pytest.mark.parametrize("command", ["list", "show", "remove", "run"])
def test_what_can_be_no_queue_is_refused(
    command: str, queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    """N-16"""
    id = put(spool, "one@d.example")

    assert queue(command, "--queue", "../x", *([id] if command != "list" else [])) == os.EX_USAGE
    assert "'../x': want a queue name" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--recipient", "--sender"])
def test_what_is_no_pattern_is_refused(
    option: str, queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    """N-03"""
    spool.reserve()

    assert queue("run", option, "(", "--regex") == os.EX_USAGE
    assert "'(' is no regular expression: missing )" in capsys.readouterr().err


def test_a_damaged_message_does_not_hide_the_others(
    queue: Callable[..., int], spool: FileSpool, tmp_path: Path, capsys: Capture
) -> None:
    damaged, whole = put(spool, "a@b.example"), put(spool, "c@d.example")
    (tmp_path / "spool" / "queue" / damaged).write_bytes(b"")

    assert queue("list") == 0

    told = capsys.readouterr()
    assert whole in told.out
    assert told.err == f"pymta: message {damaged}: not a message file of version 1\n"


def test_what_strangers_wrote_cannot_reach_the_terminal(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "\x1b[2J@d.example", sender="\x9b@b.example")

    assert queue("list") == 0
    assert queue("show", id) == 0

    out = capsys.readouterr().out
    assert not {"\x1b", "\x9b"} & set(out)
    assert "\\x1b[2J@d.example" in out


def test_show_tells_everything_about_a_message(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example", "two@d.example")
    claim = spool.claim(id)
    assert claim
    claim.note(Delivered(1e9, (0,), "250 OK"))
    claim.note(Deferred(1e9, (1,), 4e9, "Connection refused"))
    claim.release()

    assert queue("show", id) == 0

    out = capsys.readouterr().out
    assert f"Message     {id}\n" in out
    assert "from client.example [192.0.2.7]:40112 by esmtp\n" in out
    assert "Sender      <a@b.example>\n" in out
    assert "  settled   one@d.example\n" in out
    assert "  waiting   two@d.example  (Connection refused)\n" in out
    assert "delivered one@d.example: 250 OK\n" in out
    assert re.search(r"put off until \S+ \S+ two@d.example: Connection refused\n", out)
    assert "State       1 attempt so far, next attempt" in out
    assert out.endswith("Header\n  Received: from x\n  Subject: hello\n  From: a@b.example\n")


def test_show_of_a_message_in_delivery_waits_for_nothing(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example")
    claim = spool.claim(id)
    assert claim
    try:
        assert queue("show", id) == 0
    finally:
        claim.release()
    assert capsys.readouterr().out.endswith("  From: a@b.example\n")


def test_show_keeps_nobody_from_a_delivery(
    queue: Callable[..., int], spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that met its lock would leave the message to the next queue run."""
    id = put(spool, "one@d.example")
    monkeypatch.setattr(Disk, "lock", lambda *_: pytest.fail("locked"))

    assert queue("show", id) == 0


def test_remove_takes_the_message_out_and_leaves_a_trail(
    queue: Callable[..., int], spool: FileSpool, capfd: Capture
) -> None:
    first, second = put(spool, "one@d.example"), put(spool, "two@d.example")

    assert queue("remove", first) == 0

    assert [waiting.id for waiting in spool.waiting()] == [second]
    assert re.search(rf"{first} removed by \S+\n.*{first} Completed\n", capfd.readouterr().err)


def test_remove_leaves_what_another_process_is_handling(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    held, free = put(spool, "one@d.example"), put(spool, "two@d.example")
    claim = spool.claim(held)
    assert claim
    try:
        assert queue("remove", held, free) == os.EX_TEMPFAIL
    finally:
        claim.release()

    assert f"{held}: another process is handling it, try again" in capsys.readouterr().err
    assert [waiting.id for waiting in spool.waiting()] == [held]


def test_what_is_not_there_is_said_to_be_missing(
    queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example")
    assert queue("remove", id) == 0

    assert queue("remove", id) == os.EX_NOINPUT
    assert queue("show", id) == os.EX_NOINPUT
    assert f"{id}: no such message in the queue" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "remove"])
def test_what_is_no_message_id_is_refused(
    command: str, queue: Callable[..., int], spool: FileSpool, capsys: Capture
) -> None:
    assert queue(command, "../../etc/passwd") == os.EX_DATAERR
    assert "'../../etc/passwd' is not a message id" in capsys.readouterr().err


def test_a_queue_that_does_not_exist_says_where_to_look(tmp_path: Path, capsys: Capture) -> None:
    assert run(["queue", "--state", str(tmp_path / "no"), "list"]) == os.EX_NOINPUT
    assert "add --state DIRECTORY" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_a_run_takes_what_fits_from_whatever_queue(
    queue: Callable[..., int],
    spool: FileSpool,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(
        "pymta.cli.queue_run.main",
        lambda _settings, _log, *some, **_: runs.extend((s.queue, s.ids) for s in some),
    )
    ids = [put(spool, "one@d.example"), put(spool, "two@d.example", queue_name="slow")]
    for id in ids:
        claim = spool.claim(id)
        assert claim
        claim.note(Deferred(1e9, (0,), 1e9, "H=mx.d.example [192.0.2.1]: Connection refused"))
        claim.release()
    other = put(spool, "three@d.example")

    queue("run", "--host", "192.0.2.1", "--age", "1d")
    assert sorted(runs) == [("", (ids[0],)), ("slow", (ids[1],))]
    assert queue("run", "--host", "192.0.2.1", other) == 1
    assert "no message fits" in capsys.readouterr().err
    assert queue("run", "--frozen", "--via-daemon") == os.EX_USAGE
