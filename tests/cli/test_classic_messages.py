"""Messages by their ids on the classic command line, over a real spool."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pymta.cli.classic import run
from pymta.config import generation
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import State
from pymta.spool.store import Seal

Capture = pytest.CaptureFixture[str]
Classic = Callable[..., int]
GONE = "1aB2cD-00000000123-4567"


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pymta-") as directory:
        made = Path(directory, "state")
        made.mkdir(mode=0o700)
        machine = Machine(str(made), str(made), in_terminal=True)
        settings = Settings(machine=machine)
        generation.store(generation.current_file(made), settings)
        yield made


@pytest.fixture
def spool(state: Path) -> FileSpool:
    return FileSpool(state / "spool")


@pytest.fixture
def classic(state: Path) -> Classic:
    places = {"STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state)}
    return lambda *words: run(words, places)


def put(spool: FileSpool, *to: str, body: bytes = b"Subject: x\r\n\r\nbody\r\n") -> str:
    intake = spool.begin(Envelope("a@b.example", tuple(map(Recipient, to)), 1e9, queue_name="q"))
    intake.write(body)
    intake.commit(Seal(on_top=("Received: by us\r\n",)))
    return intake.id


def standing(spool: FileSpool, id: str) -> State:
    message = spool.peek(id)
    assert message
    return message.state


def test_messages_are_frozen_thawed_and_removed(
    classic: Classic, spool: FileSpool, capfd: Capture
) -> None:
    ids = [put(spool, "c@d.example"), put(spool, "c@d.example")]

    assert classic("-Mf", *ids) == 0
    assert all(standing(spool, id).frozen for id in ids)
    assert classic("-Mf", ids[0]) == 0
    assert classic("-Mt", ids[0]) == 0
    assert not standing(spool, ids[0]).frozen
    assert classic("-Mrm", *ids, GONE) == 1

    said = capfd.readouterr().out.splitlines()
    assert said == [
        f"Message {ids[0]} is now frozen",
        f"Message {ids[1]} is now frozen",
        f"Message {ids[0]} is frozen already",
        f"Message {ids[0]} is no longer frozen",
        f"Message {ids[0]} has been removed",
        f"Message {ids[1]} has been removed",
        f"Message {GONE} does not exist",
    ]


def test_recipients_are_added_and_marked_delivered(
    classic: Classic, spool: FileSpool, capfd: Capture
) -> None:
    id = put(spool, "c@d.example", "e@d.example")

    assert classic("-Mar", id, "new@d.example") == 0
    assert classic("-Mmd", id, "c@d.example") == 0
    assert standing(spool, id).pending == (1, 2)
    assert classic("-Mmd", id, "c@d.example") == 1
    assert "<c@d.example> is nobody who still waits" in capfd.readouterr().out
    assert classic("-Mmad", id) == 0
    assert not spool.holds(id)


def test_what_is_no_address_is_not_added_and_nor_are_those_beside_it(
    classic: Classic, spool: FileSpool, capfd: Capture
) -> None:
    """A typing error is told to who made it, not to the sender in a bounce."""
    id = put(spool, "c@d.example")

    assert classic("-Mar", id, "good@d.example", "foo bar") == 1

    assert capfd.readouterr().err == "pymta: 'foo bar' is no address: malformed local part\n"
    assert standing(spool, id).pending == (0,)


def test_a_message_that_is_given_up_is_reported(classic: Classic, spool: FileSpool) -> None:
    id = put(spool, "c@d.example")

    assert classic("-Mg", id) == 0

    (report,) = spool.waiting("q")
    assert report.id != id
    message = spool.peek(report.id)
    assert message
    assert message.envelope.sender == ""


@pytest.mark.parametrize("body", [b"b1\r\n\r\nb2\r\n", b"", b"x\r\n" * 200_000])
@pytest.mark.parametrize("header", [b"Subject: x\r\nTo: y\r\n", b""])
def test_parts_of_a_message_are_shown_as_they_are(
    header: bytes,
    body: bytes,
    classic: Classic,
    spool: FileSpool,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    id = put(spool, "c@d.example", body=header + b"\r\n" + body)
    shown = []
    for word in ("-Mvh", "-Mvb", "-Mvc"):
        assert classic(word, id) == 0
        shown.append(capfdbinary.readouterr().out)

    top = b"Received: by us\r\n" + header
    whole = (top, body, top + b"\r\n" + body)
    assert shown == [part.replace(b"\r\n", b"\n") for part in whole]


@pytest.mark.parametrize("word", ["-Mvh", "-Mvb", "-Mvc", "-Mvl"])
def test_who_looks_at_a_message_keeps_nobody_from_its_delivery(
    word: str, classic: Classic, spool: FileSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pager may stay open for hours; and what is being delivered can be looked at."""
    id = put(spool, "c@d.example")
    claim = spool.claim(id)
    monkeypatch.setattr(Disk, "lock", lambda *_: pytest.fail("locked"))

    assert claim
    assert classic(word, id) == 0
    claim.release()


def test_of_a_damaged_message_it_is_said_so_and_it_stays_where_it_is(
    classic: Classic, spool: FileSpool, state: Path, capfd: Capture
) -> None:
    id = put(spool, "c@d.example")
    path = state / "spool/queue.q" / id
    path.write_bytes(path.read_bytes().replace(b"\r\nbody", b"\r\nbodz"))

    assert classic("-Mvb", id) == 1

    assert capfd.readouterr().err == f"pymta: message {id}: the message is damaged\n"
    assert path.exists()


def test_what_happened_so_far_is_shown(classic: Classic, spool: FileSpool, capfd: Capture) -> None:
    id = put(spool, "c@d.example")
    assert classic("-Mf", id) == 0
    capfd.readouterr()

    assert classic("-Mvl", id) == 0

    first, second = capfd.readouterr().out.splitlines()
    assert first.endswith(" Received from <a@b.example>")
    assert " frozen: by " in second
    assert classic("-Mvl", GONE) == classic("-Mvb", GONE) == 1
    assert capfd.readouterr().err == f"pymta: message {GONE} does not exist\n" * 2


def test_a_list_may_leave_out_who_has_it_and_all_but_the_ids(
    classic: Classic, spool: FileSpool, capfd: Capture
) -> None:
    id = put(spool, "c@d.example", "e@d.example")
    assert classic("-Mmd", id, "c@d.example") == 0
    capfd.readouterr()

    assert classic("-bpu", "-qGq") == 0
    listed = capfd.readouterr().out
    assert "e@d.example" in listed
    assert "c@d.example" not in listed
    assert classic("-bpi", "-qGq") == 0
    assert capfd.readouterr().out == f"{id}\n"


def test_a_message_is_delivered_by_its_id_from_whatever_queue(
    classic: Classic, spool: FileSpool, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[tuple[str, tuple[str, ...], bool]] = []
    monkeypatch.setattr(
        "pymta.queue.main.main",
        lambda _settings, _log, *some: runs.extend((s.queue, s.ids, s.thaw) for s in some),
    )
    id = put(spool, "c@d.example")

    assert classic("-M", id, GONE) == classic("-Mc", id) == 0

    assert runs == [("q", (id,), True), ("q", (id,), False)]
    assert f"message {GONE} does not exist" in capfd.readouterr().err
    assert classic("-M", GONE) == 1
