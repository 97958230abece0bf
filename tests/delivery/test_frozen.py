"""What becomes of a frozen message that nobody thaws."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from pymta.channel.selection import Selection
from pymta.delivery.one_message import attempt
from pymta.mail.envelope import NULL_SENDER, Recipient
from pymta.queue.due import Times, due
from pymta.spool.outcomes import Frozen, Held
from tests.doubles.deliveries import NEVER, SENDER, SETTINGS, START, Rig, attempt_until, bounces
from tests.doubles.memory_disk import MemoryDisk

DAY = 86_400.0
BY_RULE = "by rule look"
RUN = Selection()


def taken(rig: Rig, selection: Selection = RUN) -> list[str]:
    """What a queue run takes now."""
    spool, times = rig.spool(), Times(4 * DAY, rig.settings.queue)
    return list(due(spool.waiting(), selection, rig.now, times, spool.peek))


def a_frozen_report(rig: Rig) -> str:
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", sender=NULL_SENDER)
    assert rig.attempt(id)[-1] == "Frozen (delivery error message)"
    return id


def frozen_by_rule(rig: Rig, *recipients: str | Recipient, sender: str = SENDER) -> str:
    id = rig.put(*recipients, frozen=BY_RULE, sender=sender)
    assert rig.attempt(id) == ["Message is frozen"]
    return id


def set_queue(rig: Rig, **options: Any) -> None:
    rig.settings = replace(SETTINGS, queue=replace(SETTINGS.queue, **options))


def test_a_report_that_failed_is_tried_once_more_after_its_time_and_dropped(rig: Rig) -> None:
    """ignore_bounce_errors_after, 2d; the line says so."""
    id = a_frozen_report(rig)
    rig.now = START + 2 * DAY - 1
    assert taken(rig) == []

    rig.now = START + 2 * DAY
    assert taken(rig) == [id]
    first, failed, ignored, end = rig.attempt(id)
    assert first == "Unfrozen by errmsg timer"
    assert failed.startswith("** a@x.example")
    assert ignored == "a@x.example: error ignored"
    assert end == "Completed"
    assert rig.state(id) is None
    assert rig.handed_on == []


def test_a_report_that_can_be_delivered_by_then_is(rig: Rig) -> None:
    id = a_frozen_report(rig)
    rig.answers.clear()
    rig.now = START + 2 * DAY
    assert rig.attempt(id)[1].startswith("=> a@x.example")


def test_a_report_that_was_thawed_before_is_frozen_again_and_has_no_more_time(rig: Rig) -> None:
    id = a_frozen_report(rig)
    rig.now = START + DAY
    assert rig.attempt(id, force=True)[-1] == "Frozen (delivery error message)"
    rig.now = START + 2 * DAY
    assert taken(rig) == [id]


def test_a_report_that_fails_late_is_not_frozen_at_all(rig: Rig) -> None:
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", sender=NULL_SENDER)
    rig.now = START + 2 * DAY
    assert [line.split()[0] for line in rig.attempt(id)] == ["**", "a@x.example:", "Completed"]


def test_without_any_time_no_report_is_frozen(rig: Rig) -> None:
    set_queue(rig, ignore_bounce_errors_after=0)
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", sender=NULL_SENDER)
    assert rig.attempt(id)[-1] == "Completed"


def test_other_frozen_mail_is_given_up_after_its_time_and_its_sender_told(rig: Rig) -> None:
    """timeout_frozen_after, 7d"""
    id = frozen_by_rule(rig, "user@localhost", Recipient("a@x.example", ("NEVER",)))
    rig.now = START + 7 * DAY - 1
    assert taken(rig) == []

    rig.now = START + 7 * DAY
    assert taken(rig) == [id]
    lines = rig.attempt(id)
    assert lines[0] == "cancelled by timeout_frozen_after"
    assert [line.split()[0] for line in lines[1:]] == ["**", "**", "<=", "Completed"]
    assert (rig.stored, rig.sent) == ([], [])
    (report,) = bounces(rig)
    text = str(message_from_bytes(report).get_payload(1))
    assert "Action: failed" in text
    assert "Status: 4.4.7" in text
    assert "a@x.example" not in text


def test_its_time_begins_when_it_is_frozen(rig: Rig) -> None:
    """Whoever freezes an old message wants to look at it."""
    id = rig.put("user@localhost")
    rig.now = START + 6 * DAY
    claim = rig.spool().claim(id)
    assert claim
    claim.note(Frozen(rig.now, "by root"))
    claim.release()
    rig.now = START + 12 * DAY
    assert taken(rig) == []
    rig.now = START + 13 * DAY
    assert taken(rig) == [id]


def test_one_without_a_sender_that_was_frozen_by_policy_is_not_delivered_either(rig: Rig) -> None:
    id = frozen_by_rule(rig, "user@localhost", sender=NULL_SENDER)
    rig.now = START + 2 * DAY
    assert taken(rig) == []
    rig.now = START + 7 * DAY
    assert rig.attempt(id)[-2:] == ["user@localhost: error ignored", "Completed"]
    assert rig.stored == []


def test_frozen_mail_is_thawed_by_the_clock_where_that_is_set(rig: Rig) -> None:
    set_queue(rig, auto_thaw=3600)
    id = frozen_by_rule(rig, "user@localhost")
    rig.now += 3600
    assert taken(rig) == [id]
    lines = rig.attempt(id)
    assert lines[0] == "Unfrozen by auto-thaw"
    assert rig.stored == [("user", "user@localhost")]


def test_but_no_report_that_failed(rig: Rig) -> None:
    set_queue(rig, auto_thaw=3600)
    a_frozen_report(rig)
    rig.now += 3600
    assert taken(rig) == []


def test_what_is_held_stays_for_ever(rig: Rig) -> None:
    set_queue(rig, auto_thaw=3600)
    id = frozen_by_rule(rig, "user@localhost")
    claim = rig.spool().claim(id)
    assert claim
    claim.note(Held(rig.now, "root"))
    claim.release()
    rig.now += 300 * DAY
    assert taken(rig) == []


@pytest.mark.parametrize("option", ["timeout_frozen_after", "auto_thaw"])
def test_zero_means_that_a_frozen_message_stays(option: str, rig: Rig) -> None:
    set_queue(rig, **{"timeout_frozen_after": 0, "auto_thaw": 0, option: 0})
    frozen_by_rule(rig, "user@localhost")
    rig.now += 300 * DAY
    assert taken(rig) == []


def test_a_change_of_the_times_counts_for_what_is_frozen_already(rig: Rig) -> None:
    id = frozen_by_rule(rig, "user@localhost")
    rig.now = START + DAY
    set_queue(rig, timeout_frozen_after=int(DAY))
    assert taken(rig) == [id]


def test_a_run_with_force_alone_leaves_it_to_others(rig: Rig) -> None:
    """What it takes it delivers, and this was to be given up."""
    id = frozen_by_rule(rig, "user@localhost")
    rig.now = START + 8 * DAY
    assert taken(rig, Selection(force=True)) == []
    assert taken(rig, Selection(force=True, thaw=True)) == [id]
    assert taken(rig) == [id]


def test_force_alone_does_not_thaw_what_came_frozen(rig: Rig) -> None:
    """Nor does ETRN: only whoever says so, even before a run has looked into it."""
    id = rig.put("user@localhost", frozen=BY_RULE)
    assert taken(rig, Selection(force=True)) == [id]  # its time says nothing yet
    attempt(id, replace(rig.world(force=True), thaw=False))
    assert rig.log.texts() == ["Message is frozen"]
    assert rig.stored == []


def test_force_counts_more_than_the_end_of_its_time(rig: Rig) -> None:
    id = frozen_by_rule(rig, "user@localhost")
    rig.now = START + 8 * DAY
    assert rig.attempt(id, force=True)[0] == "Unfrozen by forced delivery"
    assert rig.stored == [("user", "user@localhost")]


def test_a_stop_anywhere_delivers_nothing_that_was_frozen_and_tells_its_sender() -> None:
    for count in range(100):
        memory = MemoryDisk(lambda: START)
        rig = Rig(Path("/"), disk=memory)
        id = frozen_by_rule(rig, "user@localhost", "a@x.example")
        memory.stop()
        rig.now = START + 7 * DAY
        came_through = attempt_until(rig, memory, id, count)
        if rig.spool().holds(id):
            assert taken(rig)[:1] == [id]
            assert rig.attempt(id)[-1] == "Completed"
        assert (rig.stored, rig.sent) == ([], [])
        (report, *_) = bounces(rig)
        assert report.count(b"Action: failed") == 2
        if came_through:
            assert count > 10
            return
    pytest.fail("never came through")
