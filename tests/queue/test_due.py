"""Which messages a run takes, and in which order."""

from __future__ import annotations

import errno
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection, asked_by
from pymta.config.queue import Queue
from pymta.config.run_word import parse_run_word
from pymta.mail.envelope import Envelope, Recipient
from pymta.queue.due import Times, due, forced_first, in_random_order, is_due, stages
from pymta.spool.outcomes import State
from pymta.spool.store import Message, Seal, SpoolError, Waiting

NOW = 1_700_000_000.0
DAY = 86_400.0
LONGEST = 4 * DAY
TIMES = Times(LONGEST, Queue())
FAR = NOW + 50 * 365 * 86_400

NEW = Waiting("a", due=0.0, is_first=True)
TRIED_DUE = Waiting("b", due=NOW, is_first=False)
TRIED_LATER = Waiting("c", due=NOW + 1, is_first=False)
FROZEN = Waiting("d", due=FAR, is_first=False)
ALL = [NEW, TRIED_DUE, TRIED_LATER, FROZEN]


def never_read(id: str) -> Message | None:
    raise AssertionError(f"{id} was read")


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        pytest.param(Selection(), "ab", id="a plain run takes what is due"),
        pytest.param(Selection(force=True), "abc", id="force takes all but frozen ones"),
        pytest.param(Selection(force=True, thaw=True), "abcd", id="force twice: frozen too"),
        pytest.param(Selection(first_only=True), "a", id="first deliveries only"),
        pytest.param(Selection(force=True, first_only=True), "a", id="force does not widen it"),
        pytest.param(Selection(ids=("b", "c", "x")), "b", id="named, and due"),
        pytest.param(Selection(ids=("c", "d"), force=True, thaw=True), "cd", id="named, forced"),
        pytest.param(Selection(first_id="b"), "b", id="from an id on"),
        pytest.param(Selection(first_id="a", last_id="a"), "a", id="one id"),
        pytest.param(Selection(last_id="a~"), "a", id="up to an id that is not there"),
        pytest.param(Selection(first_id="b", last_id="c", force=True), "bc", id="a range, forced"),
    ],
)
def test_a_selection_says_which_messages_a_run_takes(selection: Selection, taken: str) -> None:
    assert list(due(ALL, selection, NOW, TIMES, never_read)) == list(taken)


@pytest.mark.parametrize(
    ("selection", "flags"),
    [
        (Selection(), ""),
        (Selection(force=True), "-qf"),
        (Selection(force=True, thaw=True), "-qff"),
        (Selection(first_only=True), "-qi"),
        (Selection(local_only=True), "-ql"),
        (Selection(two_stage=True), "-qq"),
        (
            Selection(force=True, thaw=True, first_only=True, local_only=True, two_stage=True),
            "-qqiffl",
        ),
        (Selection(recipients="@a.example"), "-R @a.example"),
        (Selection(force=True, recipients="x", senders="y"), "-qf -R x -S y"),
        (Selection("hipri", recipients="^x", recipients_are_pattern=True), "-Rr ^x"),
        (Selection(senders="^y", senders_are_pattern=True, recipients="x"), "-R x -Sr ^y"),
    ],
)
def test_the_log_names_a_run_by_its_classic_option(selection: Selection, flags: str) -> None:
    assert selection.flags == flags


TO_A_AND_B = Message(
    "a",
    Envelope("Boss@c.example", (Recipient("x@A.example"), Recipient("y@b.example")), 0.0),
    Seal(),
    State(pending=(0, 1)),
)
B_HAS_IT = replace(TO_A_AND_B, id="b", state=State(pending=(0,)))
BOUNCE = replace(
    TO_A_AND_B,
    id="c",
    envelope=replace(TO_A_AND_B.envelope, sender="", recipients=(Recipient("z@b.example"),)),
    state=State(pending=(0,)),
)


def _like(recipients: str = "", senders: str = "") -> Selection:
    return Selection(
        recipients=recipients,
        recipients_are_pattern=True,
        senders=senders,
        senders_are_pattern=True,
    )


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        pytest.param(Selection(recipients="@a.example"), "ab", id="-R, whatever the case"),
        pytest.param(Selection(recipients="B.EXAMPLE"), "ac", id="-R: not who has it already"),
        pytest.param(Selection(senders="boss"), "ab", id="-S"),
        pytest.param(Selection(senders="boss", recipients="y@"), "a", id="-R and -S"),
        pytest.param(Selection(recipients="nobody"), "", id="no match"),
        pytest.param(_like(recipients="^x@a"), "ab", id="-Rr, whatever the case"),
        pytest.param(_like(recipients="@(q|B)[.]"), "ac", id="-Rr: not who has it already"),
        pytest.param(_like(recipients="a.example$"), "ab", id="-Rr: a dot is any character"),
        pytest.param(_like(senders="^$"), "c", id="-Sr: the null sender"),
        pytest.param(_like(senders="^boss", recipients="^y"), "a", id="-Sr and -Rr"),
        pytest.param(Selection(recipients="[ax]"), "", id="-R: a text is no pattern"),
    ],
)
def test_a_run_for_certain_addresses_takes_their_messages(selection: Selection, taken: str) -> None:
    """QR-09, N-03"""
    messages = {message.id: message for message in (TO_A_AND_B, B_HAS_IT, BOUNCE)}
    listing = [Waiting(id, 0.0, is_first=True) for id in (*messages, "gone")]

    assert list(due(listing, selection, NOW, TIMES, messages.get)) == list(taken)


def test_a_damaged_message_is_attempted_and_stops_nobody() -> None:
    """The attempt sets it aside; a run for certain addresses cannot know whose it is."""

    def peek(id: str) -> Message | None:
        if id == "damaged":
            raise SpoolError(errno.EBADMSG, "damaged")
        return TO_A_AND_B

    listing = [Waiting(id, 0.0, is_first=True) for id in ("damaged", "a")]

    assert list(due(listing, Selection(recipients="@a"), NOW, TIMES, peek)) == [
        "damaged",
        "a",
    ]


def test_a_run_for_certain_addresses_forces_its_first_message() -> None:
    assert forced_first(Selection(recipients="x")) == Selection(recipients="x", force=True)
    assert forced_first(Selection(recipients="x", force=True)) is None
    assert forced_first(Selection()) is None


@pytest.mark.parametrize(
    "part",
    [
        {"first_only": True},
        {"local_only": True},
        {"ids": ("a",)},
        {"first_id": "a"},
        {"last_id": "a"},
        {"recipients": "a"},
        {"senders": "a"},
    ],
    ids=str,
)
def test_a_run_over_a_part_is_told_from_one_over_the_whole_queue(part: dict[str, Any]) -> None:
    assert not Selection(**part).is_whole
    assert Selection("hipri", force=True, thaw=True, two_stage=True, interval=60).is_whole


@given(
    st.builds(
        Selection,
        queue=st.sampled_from(["", "hipri", "f", "G"]),
        force=st.just(value=True),
        thaw=st.booleans(),
        first_only=st.booleans(),
        local_only=st.booleans(),
        two_stage=st.booleans(),
    )
)
def test_the_word_for_a_run_asks_for_the_same_run(selection: Selection) -> None:
    assert asked_by(parse_run_word(selection.word), selection.by) == selection


def test_a_run_in_two_stages_serves_local_mailboxes_first() -> None:
    plain, both = Selection(), Selection(two_stage=True)

    assert stages(plain) == (plain,)
    assert [one.local_only for one in stages(both)] == [True, False]
    assert [one.reach for one in stages(both)] == [Reach.LOCAL, Reach.ALL]


def test_a_run_in_place_of_deliveries_at_once_is_for_whom_those_are() -> None:
    """N-42: who waits for a queue run is not served by one that stands in for them."""
    assert Selection(first_only=True, is_new=True).reach is Reach.NEW


def test_the_listing_is_not_read_ahead() -> None:
    listing = (pytest.fail("read ahead") if n else NEW for n in range(2))
    taken = due(listing, Selection(), NOW, TIMES, never_read)

    assert next(taken) == "a"


@given(st.lists(st.integers(0, 999).map(str), unique=True), st.integers())
def test_a_random_order_leaves_nobody_out_and_takes_nobody_twice(ids: list[str], seed: int) -> None:
    assert sorted(in_random_order(ids, random.Random(seed))) == sorted(ids)


@given(
    st.floats(0, 2e9),
    st.booleans(),
    st.builds(Selection, force=st.booleans(), first_only=st.booleans()),
    st.floats(0, 2e9),
    st.floats(0, 2e9),
)
def test_what_is_due_now_is_due_later(
    due_at: float, is_first: bool, selection: Selection, one: float, other: float
) -> None:
    message = Waiting("a", due_at, is_first)
    sooner, later = sorted((one, other))
    assume(due_at <= sooner + LONGEST)

    assert is_due(message, selection, later, TIMES) or not is_due(message, selection, sooner, TIMES)


@pytest.mark.parametrize(
    ("wait", "is_taken"),
    [(LONGEST, False), (LONGEST + DAY, False), (LONGEST + DAY + 1, True), (10 * 365 * DAY, True)],
)
def test_what_no_rule_puts_off_for_so_long_was_put_off_by_a_clock_that_was_ahead(
    wait: float, is_taken: bool
) -> None:
    """It does not sleep until then; nor is it taken for frozen."""
    message = Waiting("a", NOW + wait, is_first=False)

    assert is_due(message, Selection(), NOW, TIMES) is is_taken
    assert is_due(message, Selection(force=True), NOW, TIMES)
