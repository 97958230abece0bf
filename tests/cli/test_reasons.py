"""Why a message waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.cli.explanation import DELIVERS, Explained
from pymta.cli.listing import shown
from pymta.cli.reasons import Why, of_message, of_recipients
from pymta.config.queue import Queue
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.fold import fold
from pymta.spool.outcomes import Deferred, Failed, Frozen, Held, Record, Rerouted
from pymta.spool.store import Message, Seal

NOW = 1e9
LATER = Deferred(NOW - 60, (0,), NOW + 600, "H=mx.d.example [192.0.2.1]: busy")


def message(*history: Record) -> Message:
    envelope = Envelope("s@z.example", (Recipient("a@d.example"), Recipient("b@d.example")), NOW)
    return Message("id", envelope, Seal(), fold(2, history), history)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ((), ["new"]),
        ((LATER,), ["due"]),
        ((LATER, Deferred(NOW, (1,), NOW + 60, "x")), ["retry"]),
        ((replace(LATER, warn=NOW + 60),), ["late", "due"]),
        ((Held(NOW, "root"),), ["held"]),
        ((Held(NOW, "root"), Frozen(NOW, "by root")), ["held", "frozen"]),
        ((Failed(NOW, (0, 1), "no", "r"),), ["owed"]),
        ((LATER, Failed(NOW, (1,), "no", "r")), ["owed", "due"]),
    ],
)
def test_reasons_for_all_of_a_message(history: tuple[Record, ...], words: list[str]) -> None:
    standing = message(*history)

    assert [one.what for one in of_message(standing, NOW, is_busy=False)] == words
    assert [one.what for one in of_message(standing, NOW, is_busy=True)] == ["busy", *words]


def test_a_frozen_message_says_what_becomes_of_it() -> None:
    queue = Queue(auto_thaw=60)
    by_hand = message(Frozen(NOW, "by root"))
    ends = list(of_message(by_hand, NOW, is_busy=False, queue=queue))[1:]

    assert [(one.what, one.until) for one in ends] == [
        ("ends", NOW + 60),
        ("ends", NOW + queue.timeout_frozen_after),
    ]
    assert "auto_thaw" in ends[0].text
    assert "timeout_frozen_after" in ends[1].text
    held = message(Frozen(NOW, "by root"), Held(NOW, "root"))
    assert [one.what for one in of_message(held, NOW, is_busy=False, queue=queue)] == [
        "held",
        "frozen",
    ]


def test_reasons_for_one_recipient() -> None:
    standing = message(LATER)

    deferred, retry = dict(of_recipients(standing, NOW))[0]
    assert deferred.text.endswith("1m ago; the last reason: H=mx.d.example [192.0.2.1]: busy")
    assert (retry.what, retry.until) == ("retry", NOW + 600)
    assert [one.what for one in dict(of_recipients(standing, NOW + 700))[0]] == ["deferred", "due"]
    assert [one.what for one in dict(of_recipients(standing, NOW))[1]] == ["untried"]


def test_who_met_limits_of_our_own_was_tried_and_has_all_of_his_time() -> None:
    standing = message(Deferred(NOW - 60, (0,), NOW + 600, "rate of 1/1h", is_limited=True))

    deferred, retry = dict(of_recipients(standing, NOW))[0]
    assert deferred.text == "put off; the last reason: rate of 1/1h"
    assert retry.until == NOW + 600


def test_all_of_it_as_lines_and_as_data() -> None:
    way = Explained("b@d.example", DELIVERS, "over SMTP to d.example", "mx", "smtp")
    why = Why(message(LATER, Rerouted(NOW, "relay", "root")), False, {"b@d.example": way})

    assert list(why.lines(NOW, lambda at: f"T{at - NOW:g}")) == [
        "id <s@z.example>",
        "    it is due: the next queue run tries it",
        "    by order it goes by way of relay",
        "  a@d.example",
        "    put off; the last reason: H=mx.d.example [192.0.2.1]: busy",
        "    due",
        "  b@d.example",
        "    not tried yet",
        "        delivers: over SMTP to d.example",
        "        router mx, transport smtp",
    ]
    plain = why.plain(NOW)
    assert plain["reasons"] == [
        {"what": "due", "text": "it is due: the next queue run tries it", "until": 0.0}
    ]
    assert [one["way"] and one["way"]["verdict"] for one in plain["recipients"]] == [None, DELIVERS]


def test_very_many_recipients_are_told_of_in_no_time() -> None:
    """Each with a reason of his own: some hundred million steps, if all is looked at for each."""
    count = 20_000
    envelope = Envelope("s@z.example", (Recipient("a@d.example"),) * count, NOW)
    history = tuple(Deferred(NOW, (n,), NOW + 60, f"busy {n}") for n in range(count))
    standing = Message("id", envelope, Seal(), fold(count, history), history)

    assert sum("busy" in line for line in Why(standing, False, {}).lines(NOW, str)) == count
    shown_lines = shown(standing, b"", NOW, str)
    assert sum("busy" in line for line in shown_lines) == 2 * count  # of the recipient, and then
