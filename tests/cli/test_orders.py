"""What an operator's order changes of a message, as values."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pymta.cli import orders
from pymta.cli.orders import Answer, Change, Edit, Hand, Order, Refused, Unneeded
from pymta.mail.envelope import NEVER, Envelope, Recipient
from pymta.spool.fold import fold, step
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Record,
    Redirected,
    Released,
    Rerouted,
    State,
    Thawed,
)
from pymta.spool.store import Message, Seal

NOW = 1e9
REPORT = "1aB2cD-00000000123-4567"
HAND = Hand("root", NOW, lambda: REPORT)
A, B = "a@x.example", "b@y.example"


def message(
    *history: Record, sender: str = "s@z.example", to: Iterable[Recipient | str] = (A, B)
) -> Message:
    whom = tuple(Recipient(who) if isinstance(who, str) else who for who in to)
    state = fold(len(whom), history)
    return Message("id", Envelope(sender, whom, NOW - 60), Seal(), state, history)


def changed(order: Order, standing: Message) -> Change:
    answer = order(standing, HAND)
    assert isinstance(answer, Change), answer
    return answer


def state_after(order: Order, standing: Message) -> State:
    state = standing.state
    for record in changed(order, standing).records:
        state = step(state, record)
    return state


def lines(order: Order, standing: Message) -> list[str]:
    return [event.text for event in changed(order, standing).events]


HELD, FROZEN = message(Held(NOW, "eve")), message(Frozen(NOW, "by eve"))


@pytest.mark.parametrize(
    ("order", "standing", "records", "line"),
    [
        (orders.hold, message(), (Held(NOW, "root"),), "held by root"),
        (orders.release, HELD, (Released(NOW, "root"),), "released by root"),
        (orders.freeze, message(), (Frozen(NOW, "by root"),), "frozen by root"),
        (orders.thaw, FROZEN, (Thawed(NOW, "root"),), "unfrozen by root"),
        (
            orders.reroute("relay:26"),
            message(),
            (Rerouted(NOW, "relay:26", "root"),),
            "rerouted to relay:26 by root",
        ),
        (orders.remove, message(), (), "removed by root"),
    ],
)
def test_a_plain_order_is_one_record_and_one_line(
    order: Order, standing: Message, records: tuple[Record, ...], line: str
) -> None:
    change = changed(order, standing)

    assert change.records == records
    assert [event.text for event in change.events] == [line]
    assert change.removes == (order is orders.remove)


@pytest.mark.parametrize(
    ("order", "standing", "why"),
    [
        (orders.hold, HELD, "is held by eve already"),
        (orders.release, message(), "is not held"),
        (orders.freeze, FROZEN, "is frozen already"),
        (orders.thaw, message(), "is not frozen"),
        (orders.reroute(""), message(), "goes its usual way"),
        (orders.expire, message(Delivered(NOW, (0, 1))), "has nobody who still waits"),
        (orders.edit(Edit(add=(A.upper(),))), message(), "has these recipients already"),
        (orders.send_all_to(A), message(to=(A,)), f"is for <{A}> alone already"),
    ],
)
def test_what_is_so_already_is_left_so(order: Order, standing: Message, why: str) -> None:
    assert order(standing, HAND) == Unneeded(why)


def test_whoever_has_it_already_is_not_told_to_have_failed() -> None:
    change = changed(orders.bounce(""), message(Delivered(NOW, (0,))))

    text = "5.0.0 delivery cancelled by administrator"
    assert change.records == (Failed(NOW, (1,), text, REPORT),)
    assert [event.text for event in change.events] == [
        "cancelled by root",
        f"** {B}: delivery cancelled by administrator",
    ]


def test_a_bounce_says_why() -> None:
    (record,) = changed(orders.bounce("account closed"), message(to=(A,))).records
    assert isinstance(record, Failed)
    assert record.why.endswith("cancelled by administrator: account closed")


def test_nobody_is_told_of_a_report_or_where_he_does_not_want_it() -> None:
    """RFC 5321 s6.1, RFC 3461 s4.1"""
    assert state_after(orders.bounce(""), message(sender="")).is_finished
    assert state_after(orders.expire, message(to=(Recipient(A, (NEVER,)),))).is_finished
    mixed = state_after(orders.bounce(""), message(to=(Recipient(A, (NEVER,)), B)))
    assert [owed.recipients for owed in mixed.owed] == [(1,)]


def test_an_expired_message_tells_the_last_error_of_each() -> None:
    why = "H=mx.x.example [192.0.2.1]: Connection refused"
    standing = message(Deferred(NOW, (0,), NOW + 60, why))

    first, second = changed(orders.expire, standing).records

    assert isinstance(first, Failed)
    assert first.why == (
        "4.4.7 H=mx.x.example [192.0.2.1]: retry timeout exceeded; the last error was:"
        " Connection refused"
    )
    assert second == Failed(NOW, (1,), "4.4.7 retry timeout exceeded", REPORT)


def test_to_give_up_what_is_frozen_or_held_lets_its_report_out() -> None:
    state = state_after(orders.expire, message(Frozen(NOW, "x"), Held(NOW, "eve")))

    assert (state.frozen, state.held, state.pending) == ("", "", ())
    assert state.owed


def test_recipients_are_put_in_taken_out_and_replaced() -> None:
    edit = Edit(add=("new@x.example",), remove=(B,), replace=((A.upper(), "other@x.example"),))
    standing = message()

    state = state_after(orders.edit(edit), standing)

    assert dict(state.added) == {2: "other@x.example", 3: "new@x.example"}
    assert state.pending == (2, 3)
    assert state.instead == ((2, 0),)  # and nobody stands for the one who was taken out
    assert lines(orders.edit(edit), standing) == [
        "recipient <other@x.example> added by root",
        "recipient <new@x.example> added by root",
        f"address <{A}> marked delivered by root",
        f"address <{B}> marked delivered by root",
    ]


def test_many_may_be_taken_out_for_one_who_is_put_in() -> None:
    state = state_after(orders.send_all_to("all@x.example"), message())

    assert (state.pending, state.added) == ((2,), ((2, "all@x.example"),))
    assert state_after(orders.send_all_to(B), message()).pending == (1,)


def test_whom_a_redirection_added_can_be_edited_like_the_others() -> None:
    standing = message(Redirected(NOW, (0,), (2,), ("\\c@x.example",)))

    state = state_after(orders.edit(Edit(replace=(("c@x.example", "d@x.example"),))), standing)

    assert state.pending == (1, 3)
    assert dict(state.added)[3] == "d@x.example"


@pytest.mark.parametrize(
    "edit", [Edit(remove=("c@x.example",)), Edit(replace=(("c@x.example", A),))]
)
def test_somebody_who_does_not_wait_cannot_be_taken_out(edit: Edit) -> None:
    expected: Answer = Refused("<c@x.example> is nobody who still waits")
    assert orders.edit(edit)(message(), HAND) == expected
    assert isinstance(orders.edit(Edit(remove=(A,)))(message(Delivered(NOW, (0,))), HAND), Refused)


def test_a_message_without_recipients_is_finished() -> None:
    assert state_after(orders.edit(Edit(remove=(A, B))), message()).is_finished


def test_an_edit_is_whole_or_not_at_all_but_for_one_for_one() -> None:
    (record,) = changed(orders.edit(Edit(add=(A, "c@x"), remove=(B,))), message(to=(B,))).records
    assert record == Edited(NOW, (0,), (1, 2), (A, "c@x"), "root")


def test_the_owner_of_a_list_is_told_of_its_members_in_a_report_of_his_own() -> None:
    to_list = Redirected(NOW, (1,), (2,), ("m@x.example",), sender="owner-list@y.example")
    numbers = iter("12")
    hand = Hand("root", NOW, lambda: f"1aB2cD-00000000123-456{next(numbers)}")

    answer = orders.bounce("")(message(to_list, sender="s@z.example"), hand)

    assert isinstance(answer, Change)
    told = [
        (one.recipients, one.report_id[-1]) for one in answer.records if isinstance(one, Failed)
    ]
    assert told == [((0,), "1"), ((2,), "2")]
