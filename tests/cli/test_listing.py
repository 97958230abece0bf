"""Columns of the classic listing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.cli.listing import age, as_plain, listed, shown, size, told
from pymta.mail.envelope import Envelope, Recipient
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
    Reported,
    Rerouted,
    State,
    Thawed,
)
from pymta.spool.recipients import written
from pymta.spool.store import Message, Seal, glance_of


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, " 0m"),
        (59, " 0m"),
        (89 * 60, "89m"),
        (90 * 60, " 1h"),
        (71 * 3600, "71h"),
        (72 * 3600, " 3d"),
        (400 * 86400, "400d"),
    ],
)
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "    0"),
        (1023, " 1023"),
        (1024, " 1.0K"),
        (2970, " 2.9K"),
        (20 << 10, "  20K"),
        (1 << 20, " 1.0M"),
        (50 << 20, "  50M"),
        (3 << 30, " 3.0G"),
        (5000 << 30, "5000G"),
    ],
)
def test_a_size_has_five_columns(count: int, text: str) -> None:
    assert size(count) == text
    assert len(text) == 5


MESSAGE = Message(
    "id",
    Envelope("a@b.example", (Recipient("one@d.example"), Recipient("two@d.example")), 0.0),
    Seal(),
    State((0, 1), added=((2, "three@d.example"),)),
)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Delivered(0, (0, 1)), "delivered one@d.example, two@d.example"),
        (Failed(0, (1,), "550 no"), "failed two@d.example: 550 no"),
        (Deferred(0, (0,), 60, "busy"), "put off until T60 one@d.example: busy"),
        (
            Reported(0, "1aB2cD-00000000123-4567"),
            "the sender was told in message 1aB2cD-00000000123-4567",
        ),
        (
            Redirected(0, (0,), (1, 2), ("three@d.example",)),
            "one@d.example has it sent on to two@d.example, three@d.example",
        ),
        (Frozen(0, "by hand"), "frozen: by hand"),
        (Thawed(0), "thawed"),
        (Thawed(0, "root"), "thawed by root"),
        (Held(0, "root"), "held by root"),
        (Released(0, "root"), "released by root"),
        (
            Edited(0, (0,), (2,), ("three@d.example",), "root"),
            "recipients edited by root, without one@d.example, now to three@d.example",
        ),
        (Rerouted(0, "relay:26", "root"), "sent by way of relay:26, by order of root"),
        (Rerouted(0, "", "root"), "sent by way of its own hosts again, by order of root"),
    ],
)
def test_each_record_is_told_in_words(record: Record, text: str) -> None:
    addresses = written(MESSAGE.envelope, MESSAGE.state)
    assert told(record, addresses, lambda at: f"T{at}") == text


def test_who_was_added_on_the_way_is_listed_behind_the_others() -> None:
    assert listed(glance_of(MESSAGE), 0.0).splitlines()[1:] == [
        "          one@d.example",
        "          two@d.example",
        "        D three@d.example",
    ]
    assert [who["address"] for who in as_plain(MESSAGE)["recipients"]][2] == "three@d.example"


def test_what_a_message_asks_for_is_shown() -> None:
    envelope = replace(
        MESSAGE.envelope,
        recipients=(Recipient("one@d.example", ("SUCCESS", "DELAY")), Recipient("two@d.example")),
        smtputf8=True,
        requires_tls=True,
        ret="HDRS",
        envid="QQ 1",
    )
    lines = list(shown(replace(MESSAGE, envelope=envelope), b"", 0, str))

    assert "Asks for    SMTPUTF8, REQUIRETLS, RET=HDRS, ENVID=QQ 1" in lines
    assert "  waiting   one@d.example  NOTIFY=SUCCESS,DELAY" in lines
    assert "  waiting   two@d.example" in lines


def test_a_message_that_asks_for_nothing_has_no_such_line() -> None:
    lines = list(shown(MESSAGE, b"", 0, str))

    assert not any(line.startswith("Asks for") for line in lines)
    assert as_plain(MESSAGE)["asks_for"] == []
