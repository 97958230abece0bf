"""A sender is told that his message takes long: `delay_warning`."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection
from pymta.mail.envelope import NULL_SENDER, Recipient
from pymta.mail.reply import Reply
from pymta.queue.due import Times, due
from pymta.smtp.client_words import Refused, Stage
from pymta.spool.outcomes import Held, Released, Warned
from tests.doubles.deliveries import (
    BUSY,
    DOWN,
    NEVER,
    SENDER,
    SETTINGS,
    START,
    Rig,
    attempt_until,
    bounces,
    host,
)
from tests.doubles.memory_disk import MemoryDisk

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def run(rig: Rig, at: float) -> list[str]:
    """What a queue run does then; the lines."""
    rig.now = START + at
    spool, times = rig.spool(), Times(4 * DAY, rig.settings.queue)
    lines = []
    for id in list(due(spool.waiting(), Selection(), rig.now, times, spool.peek)):
        message = spool.peek(id)
        if message and message.envelope.sender:
            lines += rig.attempt(id)
    return lines


def warned(lines: list[str]) -> int:
    return sum(line.startswith("<= <>") for line in lines)


def reports(rig: Rig) -> list[Message]:
    return [message_from_bytes(report) for report in bounces_only(rig)]


def bounces_only(rig: Rig) -> list[bytes]:
    found = []
    for one in rig.handed_on:
        claim = rig.spool().claim(one.id)
        assert claim
        found.append(b"".join(claim.blocks()))
        claim.release()
    return found


def fields(report: Message) -> list[dict[str, str]]:
    status = report.get_payload(1)
    assert isinstance(status, Message)
    blocks = status.get_payload()
    assert isinstance(blocks, list)
    return [dict(block.items()) for block in blocks[1:] if isinstance(block, Message)]


def test_a_sender_is_told_once_after_each_time(rig: Rig) -> None:
    """4 h and 24 h; a run comes by for that, however late the next try is."""
    rig.answers["a@x.example"] = DOWN
    rig.put("a@x.example")
    told_at = [n / 12 for n in range(12 * 40) if warned(run(rig, n * 5 * MINUTE))]
    assert told_at == [4.0, 24.0]
    assert len(rig.handed_on) == 2


def test_the_report_says_that_it_is_tried_on_and_until_when(rig: Rig) -> None:
    """RFC 3464 s2.3.3, s2.3.4, s2.3.8: action delayed, a status of class 4, Will-Retry-Until."""
    rig.answers["a@x.example"] = DOWN
    asked = Recipient("b@y.example", ("DELAY",), "rfc822;c@z.example")
    rig.answers["b@y.example"] = Refused(Reply(451, "not now", "4.7.1"), Stage.RCPT, "RCPT TO:<b>")
    id = rig.put("a@x.example", asked, "user@localhost", envid="e 1", ret="FULL")
    run(rig, 0)
    run(rig, 4 * HOUR)

    (report,) = reports(rig)
    assert report["To"] == f"<{SENDER}>"
    assert report["Subject"] == "Mail is delayed: it will be tried again"
    assert report["Auto-Submitted"] == "auto-replied"
    first, second = fields(report)
    until = parsedate_to_datetime(first.pop("Will-Retry-Until"))
    assert until.timestamp() == START + 4 * DAY
    assert first == {
        "Final-Recipient": "rfc822; a@x.example",
        "Action": "delayed",
        "Status": "4.0.0",
    }
    assert second["Original-Recipient"] == "rfc822; c@z.example"
    assert second["Status"] == "4.7.1"
    assert second["Remote-MTA"] == "dns; mx.y.example"
    assert second["Diagnostic-Code"] == "smtp; 451 4.7.1 not now"
    text = str(report.get_payload(0))
    assert "You need not" in text
    assert "<a@x.example>" in text
    assert "user@localhost" not in text
    last = report.get_payload(2)
    assert isinstance(last, Message)
    assert last.get_content_type() == "text/rfc822-headers"  # RFC 3461 s4.3: RET is about failures
    state = rig.state(id)
    assert state
    assert state.pending == (0, 1)


def test_who_was_not_tried_hears_what_is_wrong_with_the_host(rig: Rig) -> None:
    """Not that its time has not come, which says nothing to him."""
    rig.answers["a@x.example"] = replace(DOWN, host=host("x.example"))
    rig.put("a@x.example")
    rig.put("b@x.example")  # as long as its host is left alone, nobody asks for this one
    for at in range(0, int(4 * HOUR) + 1, 300):
        run(rig, at)
    found = [one for report in reports(rig) for one in fields(report)]
    assert [one["Remote-MTA"] for one in found] == ["dns; mx.x.example"] * 2
    assert [one["Status"] for one in found] == ["4.4.1"] * 2
    assert all("Connection refused" in str(report.get_payload(0)) for report in reports(rig))


@pytest.mark.parametrize(
    ("recipients", "sender", "header"),
    [
        (["a@x.example"], NULL_SENDER, ""),
        ([Recipient("a@x.example", ("NEVER",))], SENDER, ""),
        ([Recipient("a@x.example", ("FAILURE", "SUCCESS"))], SENDER, ""),
        (["a@x.example"], SENDER, "Precedence: bulk\r\n"),
        (["a@x.example"], SENDER, "List-Id: <l.example>\r\n"),
        (["a@x.example"], SENDER, "Auto-Submitted: auto-generated\r\n"),
    ],
)
def test_who_has_no_use_for_it_is_not_told(
    recipients: list[str | Recipient], sender: str, header: str, rig: Rig
) -> None:
    rig.answers["a@x.example"] = DOWN
    id = rig.put(*recipients, sender=sender, body=f"{header}Subject: x\r\n\r\nx\r\n".encode())
    for hour in range(30):
        rig.now = START + hour * HOUR
        rig.attempt(id)
    assert rig.handed_on == []
    message = rig.spool().peek(id)
    assert message
    assert message.state.warn in {0.0, *(START + t * HOUR for t in (4, 24))}
    assert message.state.look > rig.now - HOUR  # nobody opens it again and again for that


def test_what_is_not_automatic_is_told_of(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    rig.put("a@x.example", body=b"Auto-Submitted: no\r\nPrecedence: normal\r\n\r\nx\r\n")
    run(rig, 0)
    assert warned(run(rig, 4 * HOUR)) == 1


def test_in_the_local_stage_of_a_run_nobody_is_told_who_may_get_it_in_the_next(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    run(rig, 0)
    rig.answers.clear()
    rig.now = START + 4 * HOUR
    assert rig.attempt(id, reach=Reach.LOCAL) == []
    assert rig.attempt(id)[-1] == "Completed"


def test_several_times_that_passed_unseen_are_told_of_together(rig: Rig) -> None:
    rig.answers["a@x.example"] = BUSY
    rig.put("a@x.example")
    assert warned(run(rig, 30 * HOUR)) == 1
    assert warned(run(rig, 60 * HOUR)) == 0


def test_without_any_time_nobody_is_told(rig: Rig) -> None:
    rig.settings = replace(SETTINGS, queue=replace(SETTINGS.queue, delay_warning=()))
    rig.answers["a@x.example"] = DOWN
    rig.put("a@x.example")
    assert not any(warned(run(rig, n * HOUR)) for n in range(30))


def test_who_has_failed_is_not_told_that_he_is_late(rig: Rig) -> None:
    rig.answers |= {"a@x.example": DOWN, "b@y.example": NEVER}
    rig.put("a@x.example", "b@y.example")
    run(rig, 0)
    run(rig, 4 * HOUR)
    assert [[one["Action"] for one in fields(report)] for report in reports(rig)] == [
        ["failed"],
        ["delayed"],
    ]


def test_nobody_is_told_while_a_message_is_held(rig: Rig) -> None:
    """Whoever holds it knows, and its sender is told when it is late after that."""
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    run(rig, 0)
    for record in (Held(START, "root"), Released(START + 5 * HOUR, "root")):
        claim = rig.spool().claim(id)
        assert claim
        claim.note(record)
        claim.release()
        lines = run(rig, 5 * HOUR)
        assert warned(lines) == isinstance(record, Released)


def test_a_message_goes_on_waiting_for_its_hosts_after_a_warning(rig: Rig) -> None:
    """So a queue run does not open it again before there is something to do."""
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    for at in range(0, int(4 * HOUR), 300):
        run(rig, at)
    before = rig.waits.kept[id]
    assert warned(run(rig, 4 * HOUR)) == 1
    after = rig.waits.kept[id]
    (waiting,) = (one for one in rig.spool().waiting() if one.id == id)
    assert abs(after.due - waiting.due) < 1
    assert before.wake == START + 4 * HOUR
    assert after.wake == START + 24 * HOUR


def test_a_stop_anywhere_tells_at_least_once_and_at_most_once_more() -> None:
    for count in range(100):
        memory = MemoryDisk(lambda: START)
        rig = Rig(Path("/"), disk=memory)
        rig.answers |= dict.fromkeys(["a@x.example", "b@y.example"], DOWN)
        id = rig.put("a@x.example", "b@y.example")
        rig.attempt(id)
        memory.stop()
        rig.now = START + 4 * HOUR
        came_through = attempt_until(rig, memory, id, count)
        rig.attempt(id)
        found = [one for one in waiting_reports(rig, id) if b"Action: delayed" in one]
        assert 1 <= len(found) <= 2
        assert all(one.count(b"Action: delayed") == 2 for one in found)
        state = rig.state(id)
        assert state
        assert not state.owed
        if came_through:
            assert count > 10
            return
    pytest.fail("never came through")


def waiting_reports(rig: Rig, about: str) -> list[bytes]:
    found = []
    for waiting in rig.spool().waiting():
        if waiting.id != about:
            claim = rig.spool().claim(waiting.id)
            assert claim
            found.append(b"".join(claim.blocks()))
            claim.release()
    return found


def test_who_has_got_it_meanwhile_is_not_told_of_any_more(rig: Rig) -> None:
    """After a stop between the record and the report."""
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    rig.attempt(id)
    claim = rig.spool().claim(id)
    assert claim
    claim.note(Warned(START, (0,), rig.spool().reserve()))
    claim.release()
    rig.answers.clear()
    rig.now = START + HOUR
    assert rig.attempt(id)[-1] == "Completed"
    assert rig.handed_on == []
    assert bounces(rig) == []
