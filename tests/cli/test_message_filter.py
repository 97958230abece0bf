"""Which messages a filter means."""

from __future__ import annotations

import re

import pytest

from pymta.cli.message_filter import Bound, Filter, fits, parse_age, parse_bytes
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.fold import fold
from pymta.spool.outcomes import Deferred, Delivered, Edited, Frozen, Held, Record
from pymta.spool.store import Message, Seal

NOW = 1e9
HISTORY: list[Record] = [
    Delivered(NOW, (0,)),
    Deferred(NOW, (1,), NOW, "H=mx.Slow.example [192.0.2.7]: Connection refused"),
]


def message(
    *history: Record, sender: str = "a@b.example", size: int = 2000, queue: str = ""
) -> Message:
    recipients = (Recipient("done@gone.example"), Recipient("User@Wait.example"))
    envelope = Envelope(sender, recipients, NOW - 7200, queue_name=queue)
    return Message("id", envelope, Seal(size=size), fold(2, [*HISTORY, *history]))


@pytest.mark.parametrize(
    "which",
    [
        Filter(),
        Filter(sender="B.Example"),
        Filter(sender="^a@", are_patterns=True),
        Filter(recipient="user@"),
        Filter(domain="wait.EXAMPLE"),
        Filter(host="slow"),
        Filter(host="192.0.2.7"),
        Filter(age=Bound(7200)),
        Filter(age=Bound(7201, most=True)),
        Filter(size=Bound(2000)),
        Filter(queue=""),
        Filter(sender="a@b", domain="wait.example", size=Bound(1)),
    ],
    ids=str,
)
def test_a_message_fits_when_all_holds(which: Filter) -> None:
    assert fits(which)(message(), NOW)


@pytest.mark.parametrize(
    "which",
    [
        Filter(sender="c@"),
        Filter(sender="<>"),
        Filter(recipient="done@"),
        Filter(domain="ait.example"),
        Filter(domain="gone.example"),
        Filter(host="fast"),
        Filter(age=Bound(7201)),
        Filter(age=Bound(7200, most=True)),
        Filter(size=Bound(2001)),
        Filter(size=Bound(2000, most=True)),
        Filter(frozen=True),
        Filter(held=True),
        Filter(queue="slow"),
        Filter(sender="a@b", domain="gone.example"),
    ],
    ids=str,
)
def test_one_thing_that_does_not_hold_is_enough(which: Filter) -> None:
    assert not fits(which)(message(), NOW)


def test_states_and_senders_that_are_special() -> None:
    assert fits(Filter(frozen=True))(message(Frozen(NOW, "x")), NOW)
    assert fits(Filter(held=True))(message(Held(NOW, "root")), NOW)
    assert fits(Filter(sender="<>"))(message(sender=""), NOW)
    assert fits(Filter(queue="slow"))(message(queue="slow"), NOW)


def test_whoever_an_operator_put_in_counts() -> None:
    edited = message(Edited(NOW, (1,), (2,), ("new@x.example",), "root"))

    assert fits(Filter(domain="x.example"))(edited, NOW)
    assert not fits(Filter(domain="wait.example"))(edited, NOW)


@pytest.mark.parametrize(
    ("text", "bound"),
    [("2d", Bound(172_800)), (">1h", Bound(3600)), ("<1h30m", Bound(5400, most=True))],
)
def test_an_age_is_a_time_with_or_without_a_sign(text: str, bound: Bound) -> None:
    assert parse_age(text) == bound


def test_a_size_may_have_a_unit() -> None:
    assert parse_bytes("<4K") == Bound(4096, most=True)
    for wrong in ("4X", "", "<"):
        with pytest.raises(ValueError, match="want"):
            parse_bytes(wrong)


def test_what_is_no_pattern_is_an_error() -> None:
    with pytest.raises(re.error):
        fits(Filter(sender="(", are_patterns=True))


def test_a_queue_alone_is_no_choice_among_its_messages() -> None:
    assert Filter(queue="slow").takes_all
    assert not Filter(frozen=True).takes_all
