"""From records to the state of a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.alarm import Still, alarm, has_come, is_out_of_reach, still_since
from pymta.spool.fold import fold, step
from pymta.spool.outcomes import (
    UNTOLD,
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Owed,
    Record,
    Redirected,
    Released,
    Reported,
    Rerouted,
    State,
    Thawed,
    Warned,
)
from pymta.spool.recipients import givers, of_envelope, reaches, way_to, written

NOW = 1e9
DAY = 86_400.0
COUNT = 4
TO = st.lists(st.integers(0, COUNT - 1), unique=True).map(lambda found: tuple(sorted(found)))
AT = st.floats(0, 1e6)
IDS = st.sampled_from(["", "r1", "r2"])
RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(Delivered, AT, TO),
    st.builds(Failed, AT, TO, st.just("why"), IDS),
    st.builds(Reported, AT, IDS),
    st.builds(Deferred, AT, TO, AT, st.just("why")),
    st.builds(Warned, AT, TO, IDS, AT),
    st.builds(Frozen, AT, st.just("")),
    st.builds(Thawed, AT),
    st.builds(Held, AT, st.just("root")),
    st.builds(Released, AT, st.just("root")),
    st.builds(Rerouted, AT, st.sampled_from(["", "relay.example"]), st.just("root")),
)
HISTORIES = st.lists(RECORDS, max_size=12)


def test_a_new_message_is_pending_for_everybody_and_due() -> None:
    assert fold(3, []) == State(pending=(0, 1, 2))
    assert fold(3, []).due == 0


def test_what_is_delivered_is_pending_no_more() -> None:
    state = fold(3, [Delivered(NOW, (1,))])

    assert state.pending == (0, 2)
    assert not state.is_finished
    assert step(state, Delivered(NOW, (0, 2))).is_finished


def test_very_many_are_settled_in_no_time() -> None:
    count = 100_000
    state = fold(count, [Delivered(NOW, tuple(range(0, count, 2)))])

    assert len(state.pending) == count // 2
    assert step(state, Failed(NOW, tuple(range(1, count, 2)), "550 no")).is_finished


def test_very_many_who_are_settled_and_put_off_one_by_one_are_folded_in_no_time() -> None:
    """Each has a record of his own: some hundred million steps, one record after the other."""
    count, tries = 20_000, range(2)
    put_off = [Deferred(NOW + n, (one,), NOW + 9, "busy") for n in tries for one in range(count)]
    settled = [Failed(NOW, (one,), f"550 no {one}", "r1") for one in range(count)]

    state = fold(count, [*put_off, *settled])

    assert state.attempts == len(tries)
    assert not state.pending
    assert len(state.owed) == count


def test_all_who_are_put_off_in_one_attempt_are_one_attempt() -> None:
    once = fold(3, [Deferred(NOW, (0,), NOW + 9, "busy"), Deferred(NOW, (1,), NOW + 9, "full")])

    assert once.attempts == 1
    assert step(once, Deferred(NOW, (2,), NOW + 9, "away")).attempts == 1
    assert step(once, Deferred(NOW + 9, (0, 1), NOW + 99, "busy")).attempts == 2


def test_a_failure_is_finished_only_when_it_is_reported() -> None:
    failed = fold(1, [Failed(NOW, (0,), "550 no", "r1")])

    assert failed.owed == (Owed((0,), "550 no", "r1"),)
    assert not failed.is_finished
    assert failed.due == 0
    assert step(failed, Reported(NOW, "r1")).is_finished


def test_a_failure_that_nobody_is_told_of_is_finished_at_once() -> None:
    assert fold(1, [Failed(NOW, (0,), "550 no")]).is_finished


def test_who_has_it_sent_on_is_settled_and_others_are_pending_in_his_place() -> None:
    state = fold(2, [Redirected(NOW, (0,), (1, 2, 3), ("\\a@x", "b@y"))])

    assert state.pending == (1, 2, 3)
    assert state.added == ((2, "\\a@x"), (3, "b@y"))
    assert state.redirects == ((0, (1, 2, 3)),)
    assert not state.is_finished
    assert state.due == 0
    assert step(state, Delivered(NOW, (1, 2, 3))).is_finished


def test_a_redirection_of_somebody_who_is_settled_adds_nobody() -> None:
    once = fold(1, [Redirected(NOW, (0,), (1,), ("a@x",))])

    assert step(once, Redirected(NOW, (0,), (2,), ("b@x",))) == once


def test_more_addresses_than_the_mail_goes_to_are_no_redirection() -> None:
    with pytest.raises(ValueError, match="more addresses"):
        Redirected(NOW, (0,), (1,), ("a@x", "b@x"))


def test_everybody_has_an_index_for_good_and_a_way_to_him() -> None:
    envelope = Envelope("s@x", (Recipient("a@x"), Recipient("b@x")), NOW)
    state = fold(
        2,
        [
            Redirected(NOW, (0,), (1, 2), ("c@x",)),
            Redirected(NOW, (2,), (1, 3), ("d@x",)),
        ],
    )

    assert written(envelope, state) == {0: "a@x", 1: "b@x", 2: "c@x", 3: "d@x"}
    assert [way_to(n, givers(state)) for n in range(4)] == [(), (), (0,), (0, 2)]
    assert reaches(0, 3, state)
    assert not reaches(1, 0, state)


def test_the_first_deferral_is_remembered_and_the_last_reason() -> None:
    state = fold(
        2,
        [
            Deferred(NOW, (0, 1), NOW + 10, "busy"),
            Deferred(NOW + 10, (1,), NOW + 30, "still busy"),
        ],
    )

    assert state.first_deferred == ((0, NOW), (1, NOW))
    assert state.why == ((0, "busy"), (1, "still busy"))
    assert state.dues == ((0, NOW + 10), (1, NOW + 30))
    assert state.attempts == 2


@pytest.mark.parametrize(
    ("records", "due"),
    [
        pytest.param([Deferred(NOW, (0,), NOW + 9, "")], 0, id="somebody was not tried yet"),
        pytest.param([Deferred(NOW, (0, 1), NOW + 9, "")], NOW + 9, id="all at one time"),
        pytest.param(
            [Deferred(NOW, (0,), NOW + 9, ""), Deferred(NOW, (1,), NOW + 5, "")],
            NOW + 5,
            id="the earliest counts",
        ),
        pytest.param(
            [Deferred(NOW, (0, 1), NOW + 9, ""), Delivered(NOW, (0,))], NOW + 9, id="who is left"
        ),
        pytest.param([Deferred(NOW, (0, 1), NOW + 9, ""), Thawed(NOW)], 0, id="thawed"),
        pytest.param(
            [Deferred(NOW, (0,), NOW + 9, ""), Failed(NOW, (1,), "", "r")], 0, id="a report is owed"
        ),
    ],
)
def test_a_message_is_due_when_the_first_of_its_recipients_is(
    records: list[Record], due: float
) -> None:
    assert fold(2, records).due == due


def test_a_run_looks_again_when_the_message_is_due_but_never_in_the_past() -> None:
    assert alarm(fold(1, [Deferred(NOW, (0,), NOW + 9, "")]), NOW, NOW) == NOW + 9
    assert alarm(fold(1, [Deferred(NOW, (0,), NOW - 9, "")]), NOW, NOW) == NOW
    assert alarm(fold(1, []), NOW, NOW) == NOW


def test_a_run_does_not_look_at_a_frozen_message() -> None:
    frozen = fold(1, [Frozen(NOW, "")])

    assert frozen.frozen
    assert is_out_of_reach(alarm(frozen, NOW, NOW), NOW)
    assert alarm(step(frozen, Thawed(NOW)), NOW, NOW) == NOW


@given(HISTORIES, RECORDS)
def test_nobody_who_was_settled_is_pending_again(records: list[Record], more: Record) -> None:
    before, after = fold(COUNT, records), fold(COUNT, [*records, more])

    assert set(after.pending) <= set(before.pending)
    assert list(after.pending) == sorted(after.pending)


@given(HISTORIES, st.builds(Delivered, AT, TO))
def test_settling_twice_is_settling_once(records: list[Record], record: Record) -> None:
    assert fold(COUNT, [*records, record, record]) == fold(COUNT, [*records, record])


@given(HISTORIES, HISTORIES)
def test_a_history_can_be_folded_in_parts(first: list[Record], second: list[Record]) -> None:
    state = fold(COUNT, first)
    for record in second:
        state = step(state, record)

    assert state == fold(COUNT, first + second)


def test_what_an_operator_holds_is_due_for_no_run_until_he_releases_it() -> None:
    held = fold(1, [Deferred(NOW, (0,), NOW + 60, "busy"), Held(NOW, "root")])

    assert held.held == "root"
    assert is_out_of_reach(alarm(held, NOW, NOW), NOW)
    assert alarm(step(held, Released(NOW, "root")), NOW, NOW) == NOW + 60


def test_a_run_that_does_not_look_knows_why_and_since_when() -> None:
    """Years later, too, whatever was recorded since."""
    arrived = NOW - 3 * DAY
    untold, frozen = Frozen(NOW - DAY, UNTOLD), Frozen(NOW - DAY, "by root")
    edited, held = Edited(NOW, (0,), (2,), ("x@y.example",), "root"), Held(NOW, "root")
    standings: list[tuple[list[Record], tuple[Still, float]]] = [
        ([untold], (Still.UNTOLD, arrived)),
        ([frozen], (Still.FROZEN, NOW - DAY)),
        ([frozen, edited], (Still.FROZEN, NOW - DAY)),
        ([untold, held], (Still.HELD, NOW)),
        ([held, frozen], (Still.HELD, NOW)),
    ]
    for later in (0.0, 400 * DAY):
        now = NOW + later
        for records, found in standings:
            due = alarm(fold(2, records), NOW, arrived)
            assert is_out_of_reach(due, now)
            assert still_since(due, now) == found
        assert not has_come(due, now, DAY)


def test_a_report_to_write_does_not_wait_for_a_thaw() -> None:
    frozen: list[Record] = [Frozen(NOW, "by root"), Failed(NOW, (0,), "no", "r")]
    assert alarm(fold(2, frozen), NOW + 9, NOW) == NOW + 9
    assert alarm(fold(2, [*frozen, Failed(NOW, (1,), "no")]), NOW + 9, NOW) == NOW + 9


def test_a_hold_and_a_freeze_are_undone_apart() -> None:
    both = fold(1, [Frozen(NOW, "by root"), Held(NOW, "root")])

    assert step(both, Thawed(NOW)).held
    assert step(both, Released(NOW, "root")).frozen


def test_an_operator_puts_recipients_in_and_takes_others_out() -> None:
    state = fold(2, [Edited(NOW, (0,), (2, 3), ("c@x", "d@x"), "root")])

    assert state.pending == (1, 2, 3)
    envelope = Envelope("s@x", (Recipient("a@x"), Recipient("b@x")), 0.0)
    assert written(envelope, state) == {0: "a@x", 1: "b@x", 2: "c@x", 3: "d@x"}
    assert fold(1, [Edited(NOW, (0,), (), (), "root")]).is_finished


def test_one_who_was_put_in_the_place_of_another_stands_for_that_one() -> None:
    records: list[Record] = [
        Redirected(NOW, (0,), (2,), ("c@x",)),
        Edited(NOW, (2,), (3,), ("d@x",), "root"),
        Edited(NOW, (), (4,), ("e@x",), "root"),
        Edited(NOW, (1,), (5, 6), ("f@x", "g@x"), "root"),
    ]
    state = fold(2, records)
    gave = givers(state)

    assert [of_envelope(n, 2, gave, state) for n in (0, 1, 2, 3)] == [0, 1, 0, 0]
    assert [of_envelope(n, 2, gave, state) for n in (4, 5, 6)] == [None, None, None]
    assert way_to(3, gave) == (0,)


def test_limits_of_our_own_do_not_begin_the_time_after_which_mail_is_given_up() -> None:
    limited = Deferred(NOW, (0, 1), NOW + 60, "rate of 1/1h is reached", is_limited=True)
    busy = Deferred(NOW + 60, (1,), NOW + 90, "busy")

    state = fold(2, [limited, busy, limited])

    assert state.first_deferred == ((1, NOW + 60),)
    assert state.dues == ((0, NOW + 60), (1, NOW + 60))


def test_another_host_is_tried_at_once_and_has_all_of_the_time() -> None:
    state = fold(1, [Deferred(NOW, (0,), NOW + 60, "busy"), Rerouted(NOW, "relay.example", "root")])

    assert (state.reroute, state.due) == ("relay.example", 0.0)
    assert state.first_deferred == ()
    assert step(state, Rerouted(NOW, "", "root")).reroute == ""


def test_addresses_and_places_of_new_recipients_must_match() -> None:
    with pytest.raises(ValueError, match="do not match"):
        Edited(NOW, (), (1, 2), ("a@x",), "root")
