"""What `pymta queue hold` and its like do to a real spool."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pymta.cli.app import run
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.delivery import real_world
from pymta.delivery.world import World
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import State
from pymta.spool.store import Seal

Capture = pytest.CaptureFixture[str]
Queue = Callable[..., int]


@pytest.fixture
def spool(tmp_path: Path) -> FileSpool:
    machine = Machine(str(tmp_path), str(tmp_path), in_terminal=True)
    generation.store(generation.current_file(tmp_path), Settings(machine=machine))
    (tmp_path / "spool").mkdir(mode=0o700)
    return FileSpool(tmp_path / "spool")


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return lambda *words: run(["queue", "--state", str(tmp_path), *words])


def put(spool: FileSpool, *to: str, sender: str = "a@b.example") -> str:
    intake = spool.begin(Envelope(sender, tuple(map(Recipient, to)), 1e9))
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(Seal())
    return intake.id


def state(spool: FileSpool, id: str) -> State:
    message = spool.peek(id)
    assert message
    return message.state


def test_hold_and_release_freeze_and_thaw_by_id(queue: Queue, spool: FileSpool) -> None:
    id = put(spool, "one@d.example")

    assert queue("hold", id) == queue("freeze", id) == 0
    assert state(spool, id).held
    assert state(spool, id).frozen.startswith("by ")

    assert queue("release", id) == queue("thaw", id) == 0
    assert (state(spool, id).held, state(spool, id).frozen) == ("", "")


def test_an_order_by_filter_leaves_the_rest_alone(
    queue: Queue, spool: FileSpool, capfd: Capture
) -> None:
    meant = [put(spool, "one@d.example"), put(spool, "two@d.example")]
    other = put(spool, "three@e.example")

    assert queue("hold", "--domain", "d.example") == 0

    assert [bool(state(spool, id).held) for id in (*meant, other)] == [True, True, False]
    told = capfd.readouterr()
    assert told.out == "2 messages held\n"
    assert re.search(rf"{meant[0]} held by \S+\n", told.err)
    assert queue("remove", "--held", "--age", "1d") == 0
    assert [waiting.id for waiting in spool.waiting()] == [other]


def test_whoever_says_nothing_does_not_mean_everything(
    queue: Queue, spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example")

    assert queue("remove") == os.EX_USAGE
    assert "want message ids, a filter such as --sender, or --all" in capsys.readouterr().err
    assert spool.holds(id)
    assert queue("remove", "--all") == 0
    assert not spool.holds(id)


def test_a_dry_run_changes_nothing(queue: Queue, spool: FileSpool, capfd: Capture) -> None:
    id = put(spool, "one@d.example")

    assert queue("bounce", "--all", "--dry-run") == 0

    told = capfd.readouterr()
    assert told.out == f"{id}\n1 message would be given up\n"
    assert "cancelled" not in told.err
    assert state(spool, id).pending == (0,)


def test_a_filter_that_nothing_fits_has_a_status_of_its_own(
    queue: Queue, spool: FileSpool, capsys: Capture
) -> None:
    put(spool, "one@d.example")

    assert queue("hold", "--sender", "nobody@") == 1
    assert capsys.readouterr().out == "0 messages held\n"


def test_programs_read_what_became_of_each(queue: Queue, spool: FileSpool, capsys: Capture) -> None:
    held, busy = put(spool, "one@d.example"), put(spool, "two@d.example")
    assert queue("hold", held) == 0
    claim = spool.claim(busy)
    assert claim
    capsys.readouterr()
    try:
        gone = "1aB2cD-00000000123-4567"
        assert queue("hold", "--json", held, busy, gone) == os.EX_TEMPFAIL
    finally:
        claim.release()

    found = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in found] == ["unchanged", "busy", "gone"]
    assert [one["id"] for one in found] == [held, busy, gone]
    assert found[1]["why"] == "another process is handling it, try again"


def test_a_bounce_tells_the_sender_and_ends_the_message(
    queue: Queue, spool: FileSpool, capfd: Capture
) -> None:
    id = put(spool, "one@d.example", "two@d.example")

    assert queue("bounce", "--reason", "account closed", id) == 0

    (report,) = [waiting.id for waiting in spool.waiting()]
    claim = spool.claim(report)
    assert claim
    text = b"".join(claim.blocks())
    claim.release()
    assert (claim.envelope.sender, claim.envelope.recipients[0].address) == ("", "a@b.example")
    assert text.count(b"delivery cancelled by administrator: account closed") >= 2
    err = capfd.readouterr().err
    order = [f"{id} cancelled by ", f"{id} ** one@d.example", f"{report} <= <> R={id}"]
    places = [err.index(line) for line in (*order, f"{id} Completed")]
    assert places == sorted(places)


def test_an_expired_report_just_ends(queue: Queue, spool: FileSpool, capfd: Capture) -> None:
    """RFC 5321 s6.1"""
    id = put(spool, "one@d.example", sender="")
    assert queue("freeze", id) == 0

    assert queue("expire", "--frozen") == 0

    assert list(spool.waiting()) == []
    assert f"{id} Completed" in capfd.readouterr().err


def test_recipients_are_edited_and_messages_rerouted(
    queue: Queue, spool: FileSpool, capsys: Capture
) -> None:
    id = put(spool, "one@d.example", "two@d.example")

    words = ("--add", "new@d.example", "--replace", "one@d.example", "uno@d.example")
    assert queue("edit-recipients", *words, id) == 0
    assert queue("reroute", "--to", "Relay.example:26", id) == 0
    assert queue("show", id) == 0

    out = capsys.readouterr().out
    for line in (
        "By way of   relay.example:26\n",
        "  settled   one@d.example\n",
        "  waiting   uno@d.example\n",
        "  waiting   new@d.example\n",
    ):
        assert line in out
    assert queue("reroute", "--to", "all@d.example", id) == 0
    assert dict(state(spool, id).added)[state(spool, id).pending[-1]] == "all@d.example"
    assert queue("reroute", "--usual", id) == 0
    assert state(spool, id).reroute == ""


def test_an_order_of_several_records_is_one_line_of_the_journal(
    queue: Queue, spool: FileSpool, tmp_path: Path
) -> None:
    """Stopped between two of them, nobody or both would get the message."""
    id = put(spool, "one@d.example")

    assert queue("reroute", "--to", "all@e.example", id) == 0

    message = spool.peek(id)
    assert message
    assert len(message.history) == 2
    assert len((tmp_path / "spool/journal" / id).read_bytes().splitlines()) == 2  # with its head


def test_taking_out_the_last_recipient_ends_the_message(queue: Queue, spool: FileSpool) -> None:
    id = put(spool, "one@d.example")

    assert queue("edit-recipients", "--remove", "one@d.example", id) == 0

    assert not spool.holds(id)


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (("reroute",), os.EX_USAGE, "want one of --to and --usual"),
        (("reroute", "--to", "a b"), os.EX_USAGE, "--to a b: want a host such as"),
        (("reroute", "--to", "a@b@c"), os.EX_DATAERR, "'a@b@c' is no address"),
        (("edit-recipients",), os.EX_USAGE, "want --add, --remove or --replace"),
        (("edit-recipients", "--add", "x y"), os.EX_DATAERR, "'x y' is no address"),
        (
            ("edit-recipients", "--remove", "no@d.example"),
            os.EX_DATAERR,
            "<no@d.example> is nobody who still waits",
        ),
        (("hold", "--age", "old"), os.EX_USAGE, 'want a time such as "30s"'),
        (("hold", "--size", "big"), os.EX_USAGE, "want"),
    ],
)
def test_what_makes_no_sense_is_refused(  # noqa: PLR0917 - fixtures
    words: tuple[str, ...],
    status: int,
    text: str,
    queue: Queue,
    spool: FileSpool,
    capsys: Capture,
) -> None:
    id = put(spool, "one@d.example")

    assert queue(*words, id) == status
    assert text in capsys.readouterr().err
    assert state(spool, id).pending == (0,)


def test_it_waits_for_a_message_in_other_hands_if_it_is_told_to(
    queue: Queue, spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = put(spool, "one@d.example")
    claim = spool.claim(id)
    assert claim
    monkeypatch.setattr("pymta.cli.carry_out.time.sleep", lambda _: claim.release())

    assert queue("hold", "--wait", "60", id) == 0
    assert state(spool, id).held


def test_the_list_takes_the_same_filters(queue: Queue, spool: FileSpool, capsys: Capture) -> None:
    ids = [put(spool, "one@d.example"), put(spool, "two@e.example")]
    assert queue("hold", ids[1]) == 0
    capsys.readouterr()

    assert queue("list", "--held", "--json") == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [ids[1]]
    assert queue("list") == 0
    assert f"{ids[1]} <a@b.example> *** held ***" in capsys.readouterr().out


def test_a_long_order_shows_on_a_terminal_how_far_it_is(
    queue: Queue, spool: FileSpool, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [put(spool, "one@d.example"), put(spool, "two@e.example")]
    monkeypatch.setattr("pymta.cli.queue_orders.LONG", 2)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    assert queue("hold", "--domain", "d.example") == 0

    assert [bool(state(spool, id).held) for id in ids] == [True, False]
    told = capsys.readouterr()
    assert "100%" in told.err
    assert told.out == "1 message held\n"


def test_many_bounces_do_not_open_the_spool_once_for_each(
    queue: Queue, spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would keep descriptors, and there are fewer of them than messages."""
    made: list[int] = []
    make = real_world.make_world

    def counted(*args: Any, **more: Any) -> World:
        made.append(1)
        return make(*args, **more)

    monkeypatch.setattr(real_world, "make_world", counted)
    for _ in range(3):
        put(spool, "one@d.example")

    assert queue("bounce", "--all") == 0

    assert len(made) == 1
    assert len(spool.ids()) == 3  # the reports
