"""What every spool must do, whatever it is made of: run over each one there is."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.mail.envelope import NULL_SENDER, Client, Envelope, Recipient
from pymta.mail.message_id import arrival_time, is_id
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Failed,
    Frozen,
    Held,
    Record,
    Redirected,
    Reported,
    Thawed,
)
from pymta.spool.store import Claim, Seal, Spool, SpoolError, glance_of
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.memory_spool import MemorySpool

NOW = 1_700_000_000.0
SLOW = "slow"
TO = tuple(Recipient(f"user{n}@example.net") for n in range(3))
ENVELOPE = Envelope(
    "sender@example.org",
    TO,
    NOW,
    Client("2001:db8::1", 40_112, "client.example.org", "esmtps"),
    body="8BITMIME",
    queue_name=SLOW,
)
BODY = b"Subject: x\r\n\r\nbody\x00\x80\xff\r\n.\r\n"

SPOOLS: dict[str, Callable[[Path, Callable[[], float]], Spool]] = {
    "files": lambda path, clock: FileSpool(path / "spool", clock=clock),
    "files on a memory disk": lambda path, clock: FileSpool(
        Path("/spool"), clock=clock, disk=MemoryDisk(clock)
    ),
    "memory": lambda path, clock: MemorySpool(clock=clock),
}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=list(SPOOLS))
def spool(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Spool]:
    spool = SPOOLS[request.param](tmp_path, clock)
    yield spool
    if isinstance(spool, FileSpool):
        spool.close()


def accept(spool: Spool, body: bytes = BODY, envelope: Envelope = ENVELOPE) -> str:
    intake = spool.begin(envelope)
    intake.write(body)
    intake.commit(Seal(on_top=("Received: x\r\n", "X-Tab:\ty\r\n"), message_id="<1@x>"))
    return intake.id


def claimed(spool: Spool, id: str) -> Claim:
    claim = spool.claim(id)
    assert claim is not None
    return claim


def ids(spool: Spool, queue: str = SLOW) -> list[str]:
    return [message.id for message in spool.waiting(queue)]


def test_an_id_has_the_classic_form_and_the_time_of_arrival(spool: Spool) -> None:
    id = accept(spool)

    assert is_id(id)
    assert arrival_time(id) == NOW


def test_ids_are_never_the_same_and_sort_by_arrival_even_if_the_clock_is_set_back(
    spool: Spool, clock: Clock
) -> None:
    first = [accept(spool) for _ in range(3)]
    if isinstance(spool, FileSpool):
        clock.now -= 3600
    later = [accept(spool) for _ in range(3)]

    assert first + later == sorted({*first, *later})
    assert spool.reserve() not in first + later


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(BODY, id="any byte"),
        pytest.param(b"PYMTA-SEAL 1 \n" * 99, id="looks like our own format"),
        pytest.param(b"0123456789abcde\n" * 60_000, id="several blocks"),
    ],
)
def test_a_message_comes_back_byte_for_byte(spool: Spool, body: bytes) -> None:
    claim = claimed(spool, accept(spool, body))

    assert b"".join(claim.blocks()) == body
    assert b"".join(claim.blocks()) == body  # and again, for the next destination
    assert claim.seal.size == len(body)
    assert claim.seal.on_top == ("Received: x\r\n", "X-Tab:\ty\r\n")
    assert claim.seal.message_id == "<1@x>"


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE,
        Envelope(NULL_SENDER, TO[:1], NOW),
        Envelope("\u00e9\n\x00\x1b\udcff@x", (Recipient('"a b\\"\r\n"@x'),), 0.5),
        Envelope("a@b", tuple(Recipient(f"{n:060}@{n:0190}.example") for n in range(1000)), NOW),
    ],
    ids=["all facts", "null sender", "anything in an address", "many recipients"],
)
def test_an_envelope_comes_back_as_it_was(spool: Spool, envelope: Envelope) -> None:
    claim = claimed(spool, accept(spool, envelope=envelope))

    assert claim.envelope == envelope
    assert claim.state.pending == tuple(range(len(envelope.recipients)))


def test_nobody_sees_a_message_before_it_is_committed(spool: Spool) -> None:
    intake = spool.begin(ENVELOPE)
    intake.write(BODY)

    assert ids(spool) == []
    assert not spool.holds(intake.id)
    assert spool.claim(intake.id) is None
    assert spool.peek(intake.id) is None

    intake.commit(Seal())
    assert ids(spool) == [intake.id]
    assert spool.holds(intake.id)


def test_of_an_abandoned_message_nothing_remains(spool: Spool) -> None:
    intake = spool.begin(ENVELOPE)
    intake.write(BODY * 10_000)
    intake.abandon()
    intake.abandon()

    assert ids(spool) == []
    with pytest.raises(SpoolError):
        intake.commit(Seal())
    assert ids(spool) == []


def test_abandoning_after_the_commit_changes_nothing(spool: Spool) -> None:
    intake = spool.begin(ENVELOPE)
    intake.commit(Seal())
    intake.abandon()

    assert ids(spool) == [intake.id]


def test_a_message_is_in_one_pair_of_hands_at_a_time(spool: Spool) -> None:
    id = accept(spool)
    claim = claimed(spool, id)

    assert spool.claim(id) is None
    assert claim.is_mine()
    claim.release()
    claim.release()
    assert claimed(spool, id).state == claim.state


def test_a_claim_that_was_let_go_can_do_nothing(spool: Spool) -> None:
    claim = claimed(spool, accept(spool))
    claim.release()

    for deed in (
        lambda: list(claim.blocks()),
        lambda: claim.note(Delivered(NOW, (0,))),
        claim.is_mine,
        claim.finish,
    ):
        with pytest.raises(SpoolError):
            deed()


def test_what_was_noted_is_there_for_the_next_claim(spool: Spool) -> None:
    id = accept(spool)
    records: list[Record] = [
        Delivered(NOW, (0,), "mx.example.net \u00e9"),
        Failed(NOW, (1,), "550 no\nsuch \x1b user", "000000-00000000000-0000"),
        Redirected(NOW, (2,), (0, 3, 4), ("\\user2@example.net", "else@where.example")),
        Deferred(NOW, (3,), NOW + 900, "busy"),
        Reported(NOW, "000000-00000000000-0000"),
        Frozen(NOW, ""),
        Thawed(NOW),
    ]
    for record in records:
        claim = claimed(spool, id)
        claim.note(record)
        state = claim.state
        claim.release()
        again = claimed(spool, id)
        assert again.state == state
        again.release()

    message = spool.peek(id)
    assert message
    assert list(message.history) == records
    assert message.state.pending == (3, 4)
    assert dict(message.state.added)[4] == "else@where.example"


def test_records_that_are_noted_together_are_like_others_to_whoever_reads_them(
    spool: Spool,
) -> None:
    id = accept(spool)
    records = (Frozen(NOW, "by hand"), Failed(NOW, (1,), "550 no"), Thawed(NOW))
    claim = claimed(spool, id)
    claim.note(*records)
    state = claim.state
    claim.release()

    message = spool.peek(id)
    assert message
    assert message.history == records
    assert message.state == state
    assert (state.pending, state.frozen) == ((0, 2), "")


def test_a_new_message_is_due_at_once_and_first(spool: Spool) -> None:
    accept(spool)

    (message,) = spool.waiting(SLOW)
    assert message.due == 0
    assert message.is_first


def test_a_deferred_message_is_due_when_its_first_recipient_is(spool: Spool) -> None:
    id = accept(spool)
    claim = claimed(spool, id)
    claim.note(Deferred(NOW, (0, 1), NOW + 900, "busy"))
    (partly,) = spool.waiting(SLOW)
    claim.note(Deferred(NOW, (2,), NOW + 300, "busy"))

    (message,) = spool.waiting(SLOW)
    assert not message.is_first
    assert partly.due == pytest.approx(NOW)  # the third is still to be tried in this attempt
    assert message.due == pytest.approx(NOW + 300)


def test_a_message_may_be_frozen_from_the_start(spool: Spool) -> None:
    """ID-06: there is no moment in which somebody could deliver it."""
    intake = spool.begin(ENVELOPE)
    intake.commit(Seal(frozen="by rule look"))
    peeked = spool.peek(intake.id)
    claim = claimed(spool, intake.id)

    assert peeked
    assert peeked.state.frozen == claim.state.frozen == "by rule look"
    claim.note(Thawed(NOW))
    assert claim.state.frozen == ""
    claim.release()
    assert claimed(spool, intake.id).state.frozen == ""


def test_a_frozen_message_is_not_due_until_it_is_thawed(spool: Spool) -> None:
    id = accept(spool)
    claim = claimed(spool, id)
    claim.note(Frozen(NOW, "by hand"))
    (frozen,) = spool.waiting(SLOW)
    claim.note(Thawed(NOW))
    (thawed,) = spool.waiting(SLOW)

    assert frozen.due > NOW + 10 * 365 * 86_400
    assert thawed.due <= NOW


def test_a_finished_message_has_gone(spool: Spool) -> None:
    plain, noted = accept(spool), accept(spool)
    claimed(spool, plain).finish()
    claim = claimed(spool, noted)
    claim.note(Delivered(NOW, (0, 1, 2)))
    claim.finish()

    assert ids(spool) == []
    assert spool.claim(plain) is None
    assert spool.peek(noted) is None
    assert not spool.holds(noted)


def test_the_queue_lists_in_the_order_of_arrival(spool: Spool) -> None:
    accepted = [accept(spool) for _ in range(5)]

    assert ids(spool) == accepted


def test_a_queue_lists_its_own_messages_only(spool: Spool) -> None:
    """N-16"""
    slow, plain = accept(spool), accept(spool, envelope=replace(ENVELOPE, queue_name=""))

    assert spool.queues() == ("", SLOW)
    assert (ids(spool), ids(spool, "")) == ([slow], [plain])
    assert ids(spool, "unheard-of") == []
    assert list(spool.waiting()) == list(spool.waiting(""))
    assert spool.ids(SLOW) == [message.id for message in spool.waiting(SLOW)]
    assert spool.ids() == [message.id for message in spool.waiting()]


def test_who_knows_the_id_needs_no_queue(spool: Spool) -> None:
    """N-16: whatever queues have come into being since."""
    first = [accept(spool, envelope=replace(ENVELOPE, queue_name=name)) for name in ("", "a")]
    assert all(spool.holds(id) for id in first)
    later = [
        accept(spool, envelope=replace(ENVELOPE, queue_name=name)) for name in ("b", "c.d-e_1")
    ]

    for id in first + later:
        message = spool.peek(id)
        assert message
        claim = claimed(spool, id)
        assert claim.envelope == message.envelope
        claim.note(Deferred(NOW, (0, 1, 2), NOW + 900, "busy"))
        claim.finish()
        assert not spool.holds(id)
    assert spool.queues() == ("", "a", "b", "c.d-e_1")
    assert not any(ids(spool, name) for name in spool.queues())


def test_an_id_is_in_one_queue_only(spool: Spool) -> None:
    """N-16"""
    id = spool.reserve()
    spool.begin(ENVELOPE, id=id).commit(Seal())

    with pytest.raises(SpoolError) as refused:
        spool.begin(replace(ENVELOPE, queue_name=""), id=id)
    assert refused.value.errno == errno.EEXIST


@pytest.mark.parametrize("name", [".", "..", "a/b", "-x", "a b", "\u00e4", "a\n", "x" * 65])
def test_what_is_no_name_makes_no_queue(spool: Spool, name: str) -> None:
    """N-16"""
    with pytest.raises(SpoolError) as refused:
        spool.begin(replace(ENVELOPE, queue_name=name))

    assert refused.value.errno == errno.EINVAL
    assert ids(spool, name) == []
    assert spool.queues() == ("",)


def test_peeking_needs_no_claim(spool: Spool) -> None:
    id = accept(spool)
    claim = claimed(spool, id)
    claim.note(Delivered(NOW, (1,)))

    message = spool.peek(id)
    assert message
    assert (message.envelope, message.seal, message.state) == (ENVELOPE, claim.seal, claim.state)


@pytest.mark.parametrize(
    "records",
    [
        (),
        (Deferred(NOW, (0, 1, 2), NOW + 900, "busy"),) * 60,
        (Delivered(NOW, (1,)), Deferred(NOW, (0, 2), NOW + 900, "busy"), Frozen(NOW, "by hand")),
        (Redirected(NOW, (2,), (0, 3), ("new@example.net",)), Delivered(NOW, (0,))),
        (Frozen(NOW, "by hand"), Thawed(NOW), Held(NOW, "root")),
    ],
    ids=["new", "put off often", "in part", "redirected", "held"],
)
@pytest.mark.parametrize("recipients", [3, 900])
@pytest.mark.parametrize(
    "seal", [Seal(), Seal(("X: y\r\n" * 900,), frozen="\u00e9")], ids=["", "frozen"]
)
def test_a_glance_shows_what_peeking_does(
    spool: Spool, records: tuple[Record, ...], recipients: int, seal: Seal
) -> None:
    to = tuple(Recipient(f"{n}@d.example") for n in range(recipients))
    intake = spool.begin(replace(ENVELOPE, recipients=to))
    intake.write(b"x" * 3000 + b"\r\n")
    intake.commit(seal)
    if records:
        claim = claimed(spool, intake.id)
        claim.note(*records)
        claim.release()

    message = spool.peek(intake.id)
    assert message
    assert spool.glance(intake.id, SLOW) == glance_of(message)


def test_glances_come_in_the_order_of_arrival_and_from_one_queue(
    spool: Spool, clock: Clock
) -> None:
    troubles: list[SpoolError] = []
    first = accept(spool)
    clock.now += 1
    last = accept(spool)
    accept(spool, envelope=replace(ENVELOPE, queue_name=""))

    assert [one.id for one in spool.glances(SLOW, troubles.append)] == [first, last]
    assert [one.queue for one in spool.glances("", troubles.append)] == [""]
    assert not [*spool.glances("nowhere", troubles.append)]
    assert not troubles


def test_what_has_gone_is_not_seen_at_a_glance(spool: Spool) -> None:
    id = accept(spool)
    claimed(spool, id).finish()

    assert spool.glance(id, SLOW) is None
    assert spool.glance(id, "nowhere") is None


def test_a_reserved_id_is_used_once(spool: Spool) -> None:
    id = spool.reserve()
    assert not spool.holds(id)

    intake = spool.begin(ENVELOPE, id=id)
    intake.commit(Seal())

    assert spool.holds(id)
    with pytest.raises(SpoolError) as refused:
        spool.begin(ENVELOPE, id=id)
    assert refused.value.errno == errno.EEXIST


def test_a_report_that_was_begun_by_a_dead_process_can_be_begun_again(spool: Spool) -> None:
    id = spool.reserve()
    spool.begin(ENVELOPE, id=id).write(b"half of it")

    intake = spool.begin(ENVELOPE, id=id)
    intake.write(BODY)
    intake.commit(Seal())

    assert b"".join(claimed(spool, id).blocks()) == BODY


@pytest.mark.parametrize("id", ["", "x", "../queue/x", "a" * 300, "a\x00b", "\udcff"])
def test_what_is_no_id_names_no_message(spool: Spool, id: str) -> None:
    assert spool.claim(id) is None
    assert spool.peek(id) is None
    assert not spool.holds(id)
    if id:
        with pytest.raises(SpoolError):
            spool.begin(ENVELOPE, id=id)


def test_sweeping_takes_nothing_that_is_needed(spool: Spool) -> None:
    id = accept(spool)
    claim = claimed(spool, id)
    claim.note(Deferred(NOW, (0,), NOW + 1, "busy"))
    intake = spool.begin(ENVELOPE)

    assert spool.sweep() == 0

    intake.commit(Seal())
    assert claim.is_mine()
    assert ids(spool) == [id, intake.id]
