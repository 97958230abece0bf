"""One attempt after another of one message, over a real spool."""

from __future__ import annotations

import errno
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.mail.envelope import Recipient
from pymta.spool.disk import Disk
from pymta.spool.outcomes import Deferred, Delivered, Failed, Reported
from tests.doubles.deliveries import (
    BUSY,
    DOWN,
    IN_MEMORY,
    NEVER,
    RECEIVED,
    SENDER,
    START,
    Rig,
    attempt_until,
    bounces,
)
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.watched_disk import WatchedDisk

DAY = 86_400.0


def journal(rig: Rig, id: str) -> Path:
    return rig.directory / "spool" / "journal" / id


def test_a_local_message_is_delivered_and_gone(rig: Rig) -> None:
    id = rig.put("user@localhost")
    assert rig.attempt(id) == ["=> user <user@localhost> R=local T=maildir", "Completed"]
    assert rig.stored == [("user", "user@localhost")]
    assert rig.state(id) is None


def test_every_event_carries_the_queue_id_and_the_addresses(rig: Rig) -> None:
    id = rig.put("a@x.example")
    rig.attempt(id)
    assert {event.queue_id for event in rig.log.events} == {id}
    assert rig.log.events[0].fields == {
        "SENDER": SENDER,
        "RECIPIENT": "a@x.example",
        "ROUTER": "mx",
        "TRANSPORT": "smtp",
        "HOST": "mx.x.example",
        "HOST_ADDRESS": "192.0.2.1",
        "HOST_PORT": "25",
        "REPLY": "250 queued",
        "SIZE": "41",
        "QUEUE_TIME": "0.000",
        "DELIVER_TIME": "0.000",
    }


def test_recipients_of_one_domain_travel_together(rig: Rig) -> None:
    id = rig.put("a@x.example", "b@x.example", "c@y.example")
    at_x = 'R=mx T=smtp H=mx.x.example [192.0.2.1] C="250 queued"'
    at_y = 'R=mx T=smtp H=mx.y.example [192.0.2.1] C="250 queued"'
    assert rig.attempt(id) == [
        f"=> a@x.example {at_x}",
        f"-> b@x.example {at_x}",
        f"=> c@y.example {at_y}",
        "Completed",
    ]
    assert [names for _, names in rig.sent] == [("a@x.example", "b@x.example"), ("c@y.example",)]


def test_a_message_delivered_at_the_first_attempt_needs_no_journal(rig: Rig) -> None:
    calls: list[str] = []
    rig.disk = WatchedDisk(Disk(), lambda name, arguments: calls.append(name))
    id = rig.put("user@localhost")
    calls.clear()
    rig.attempt(id)
    assert "create" not in calls
    assert "write" not in calls


def test_what_one_group_got_is_on_disk_before_the_next_starts(rig: Rig) -> None:
    id = rig.put("user@localhost", "a@x.example", "b@y.example")
    seen: list[tuple[int, ...]] = []

    def look() -> None:
        state = rig.state(id)
        assert state is not None
        seen.append(state.pending)

    rig.after_sending = look
    rig.attempt(id)
    assert seen == [(1, 2), (2,)]


def test_a_refused_connection_puts_a_message_off(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    assert rig.attempt(id) == ["== a@x.example R=mx T=smtp defer (111): Connection refused"]
    state = rig.state(id)
    assert state is not None
    assert state.due == START + 900
    assert dict(state.first_deferred) == {0: START}


def test_a_deferred_recipient_is_left_alone_until_its_time(rig: Rig) -> None:
    rig.answers["a@x.example"] = BUSY
    id = rig.put("a@x.example")
    rig.attempt(id)
    rig.answers.clear()
    assert rig.attempt(id) == []
    rig.now += 900
    assert rig.attempt(id)[-1] == "Completed"


def test_who_was_put_off_by_a_clock_that_was_ahead_is_tried_when_it_is_right(rig: Rig) -> None:
    id = rig.put("a@x.example")
    claim = rig.spool().claim(id)
    assert claim
    ahead = rig.now + 365 * DAY
    claim.note(Deferred(ahead, (0,), ahead + 900, "busy"))
    claim.release()

    assert rig.attempt(id)[-1].startswith("Completed")


def test_force_does_not_wait(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example")
    rig.attempt(id)
    rig.answers.clear()
    assert rig.attempt(id, force=True)[-1] == "Completed"


def test_a_local_attempt_leaves_remote_recipients_to_another(rig: Rig) -> None:
    """QR-06, -ql: who is not ours was not tried, and is due as before."""
    id = rig.put("user@localhost", "a@b.example")

    lines = rig.attempt(id, reach=Reach.LOCAL)

    assert [line.split()[0] for line in lines] == ["=>"]
    assert rig.stored == [("user", "user@localhost")]
    assert rig.sent == []
    state = rig.state(id)
    assert state
    assert state.pending == (1,)
    assert state.first_deferred == ()
    assert rig.attempt(id)[-1] == "Completed"


def test_a_local_attempt_of_a_remote_message_changes_nothing(rig: Rig) -> None:
    id = rig.put("a@b.example")

    assert rig.attempt(id, reach=Reach.LOCAL) == []
    assert not journal(rig, id).exists()


def test_a_message_for_a_host_that_is_down_waits_for_the_host(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    rig.attempt(rig.put("a@x.example"))
    rig.now += 600
    id = rig.put("a@x.example")
    assert rig.attempt(id) == [
        "== a@x.example R=mx T=smtp defer (-53): retry time not reached for any host"
    ]
    state = rig.state(id)
    assert state is not None
    assert state.due == START + 900


def test_one_recipient_waits_while_another_has_it(rig: Rig) -> None:
    rig.answers["b@y.example"] = BUSY
    id = rig.put("a@x.example", "b@y.example")
    lines = rig.attempt(id)
    assert [line[:2] for line in lines] == ["=>", "=="]
    assert "defer (-46) H=mx.y.example [192.0.2.1]: SMTP error" in lines[1]
    rig.answers.clear()
    rig.now += 900
    rig.attempt(id)
    assert [names for _, names in rig.sent][-1] == ("b@y.example",)
    assert [names for _, names in rig.sent].count(("a@x.example",)) == 1
    assert rig.state(id) is None


def test_a_failure_of_routing_is_deferred_or_final(rig: Rig) -> None:
    id = rig.put("a@dim.example", "b@gone.example")
    lines = rig.attempt(id)
    assert lines[0] == "** b@gone.example: domain gone.example does not exist"
    assert lines[1] == (
        "== a@dim.example defer (-1): host lookup for dim.example did not complete: SERVFAIL"
    )


def test_a_full_disk_under_a_mailbox_puts_it_off(rig: Rig) -> None:
    rig.store_error = OSError(errno.ENOSPC, "No space left on device")
    id = rig.put("user@localhost")
    assert rig.attempt(id) == [
        (
            "== user <user@localhost> R=local T=maildir defer (28): No space left on device:"
            " cannot store into mailbox user"
        )
    ]
    rig.store_error = None
    rig.now += 900
    assert rig.attempt(id)[-1] == "Completed"


# Failures and reports.


def bounce(rig: Rig, n: int = 0) -> tuple[str, bytes]:
    id = rig.handed_on[n].id
    claim = rig.spool().claim(id)
    assert claim is not None
    try:
        assert claim.envelope.sender == ""
        assert [r.address for r in claim.envelope.recipients] == [SENDER]
        assert claim.seal.on_top[0].startswith("Received: by mail.example.net (pymta ")
        return id, b"".join(claim.blocks())
    finally:
        claim.release()


def test_a_refused_recipient_goes_back_to_the_sender(rig: Rig) -> None:
    rig.answers["b@x.example"] = NEVER
    id = rig.put("a@x.example", "b@x.example")
    lines = rig.attempt(id)
    report_id, report = bounce(rig)
    assert lines == [
        '=> a@x.example R=mx T=smtp H=mx.x.example [192.0.2.1] C="250 queued"',
        (
            "** b@x.example R=mx T=smtp H=mx.x.example [192.0.2.1]: SMTP error from remote mail"
            " server after RCPT TO:<x>: 550 5.1.1 no such user"
        ),
        f"<= <> R={id} U=pymta P=local S={len(report)}",
        "Completed",
    ]
    assert rig.handed_on == [HandOn(report_id, "example.com")]
    assert rig.state(id) is None
    message = message_from_bytes(report)
    assert message["To"] == f"<{SENDER}>"
    assert b"Final-Recipient: rfc822; b@x.example\r\n" in report
    assert b"a@x.example" not in report
    assert RECEIVED.encode() + b"Subject: hello\r\n" in report


def test_all_failures_of_one_attempt_share_one_report(rig: Rig) -> None:
    rig.answers["b@x.example"] = rig.answers["c@y.example"] = NEVER
    id = rig.put("a@gone.example", "b@x.example", "c@y.example")
    rig.attempt(id)
    assert len(rig.handed_on) == 1
    _, report = bounce(rig)
    assert report.count(b"Final-Recipient") == 3
    assert rig.state(id) is None


def test_a_recipient_that_waited_too_long_is_given_up(rig: Rig) -> None:
    rig.answers["a@x.example"] = BUSY
    id = rig.put("a@x.example")
    rig.attempt(id)
    rig.now += 4 * DAY + 1
    lines = rig.attempt(id)
    assert lines[0].startswith("== a@x.example R=mx T=smtp defer (-46)")
    assert lines[1] == (
        "** a@x.example R=mx T=smtp H=mx.x.example [192.0.2.1]: retry timeout exceeded"
    )
    assert lines[-1] == "Completed"
    _, report = bounce(rig)
    assert b"Status: 4.4.7\r\n" in report
    assert b"retry timeout exceeded" in report


def test_a_report_that_cannot_be_delivered_is_frozen_not_returned(rig: Rig) -> None:
    """RFC 5321 s6.1."""
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", sender="")
    assert rig.attempt(id)[1:] == ["Frozen (delivery error message)"]
    assert rig.handed_on == []
    assert rig.attempt(id) == ["Message is frozen"]
    state = rig.state(id)
    assert state is not None
    assert state.pending == (0,)


def test_force_thaws_a_frozen_message(rig: Rig) -> None:
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", sender="")
    rig.attempt(id)
    rig.answers.clear()
    lines = rig.attempt(id, force=True)
    assert lines[0] == "Unfrozen by forced delivery"
    assert lines[-1] == "Completed"


def test_a_message_that_arrived_frozen_is_soon_out_of_the_way_of_queue_runs(rig: Rig) -> None:
    """ID-06: the first who looks into it writes down that nobody else need do so."""
    id = rig.put("user@localhost", frozen="by rule look")
    assert rig.attempt(id) == ["Message is frozen"]
    (waiting,) = rig.spool().waiting()
    assert waiting.due > rig.now + 365 * 86_400
    assert rig.attempt(id) == ["Message is frozen"]
    message = rig.spool().peek(id)
    assert message is not None
    assert len(message.history) == 1
    assert rig.attempt(id, force=True)[-1] == "Completed"


def test_a_frozen_message_has_been_delivered_to_the_others(rig: Rig) -> None:
    rig.answers["b@y.example"] = NEVER
    id = rig.put("a@x.example", "b@y.example", sender="")
    rig.attempt(id)
    state = rig.state(id)
    assert state is not None
    assert state.pending == (1,)


# Others, and the end.


def test_a_message_in_other_hands_is_left_there(rig: Rig) -> None:
    id = rig.put("user@localhost")
    claim = rig.spool().claim(id)
    assert claim is not None
    assert rig.attempt(id) == ["Spool file is locked (another process is handling this message)"]
    claim.release()
    assert rig.attempt(id)[-1] == "Completed"


def test_a_message_that_has_gone_is_nobodys_trouble(rig: Rig) -> None:
    id = rig.put("user@localhost")
    rig.attempt(id)
    assert rig.attempt(id) == []
    assert rig.attempt("no id") == []


def test_a_claim_lost_in_the_middle_writes_nothing_more(rig: Rig) -> None:
    id = rig.put("a@x.example", "b@y.example")
    rig.after_sending = (rig.directory / "spool" / "queue" / id).unlink
    assert rig.attempt(id) == []
    assert [name for name, _ in rig.sent] == ["mx.x.example"]
    assert not journal(rig, id).read_bytes().strip()  # room was made, nothing recorded


def test_a_stop_between_two_groups_leaves_the_rest_for_the_next_run(rig: Rig) -> None:
    id = rig.put("user@localhost", "a@x.example")
    rig.is_over = True
    assert rig.attempt(id) == ["=> user <user@localhost> R=local T=maildir"]
    state = rig.state(id)
    assert state is not None
    assert (state.pending, state.due) == ((1,), 0.0)
    rig.is_over = False
    rig.attempt(id)
    assert rig.stored == [("user", "user@localhost")]
    assert rig.state(id) is None


def test_a_disk_that_takes_no_record_stops_the_attempt_and_says_so(rig: Rig) -> None:
    id = rig.put("user@localhost", "a@x.example")

    def no_space(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    rig.disk = WatchedDisk(Disk(), no_space)
    (line,) = rig.attempt(id)
    assert line.startswith("delivery stopped: cannot record what will happen")
    assert line.endswith("No space left on device")
    assert (rig.stored, rig.sent) == ([], [])
    assert rig.state(id) is not None


def test_a_full_disk_has_nobody_get_a_message_twice(rig: Rig) -> None:
    """What cannot be recorded is not delivered: the next attempt would deliver it again."""
    id = rig.put("a@x.example", "b@x.example")
    rig.answers = {"b@x.example": BUSY}

    def no_space(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write":
            raise OSError(errno.ENOSPC, "No space left on device")

    rig.disk = WatchedDisk(Disk(), no_space)
    rig.attempt(id)
    rig.attempt(id)
    assert rig.sent == []
    rig.disk = None
    rig.attempt(id)
    assert [names for _, names in rig.sent] == [("a@x.example", "b@x.example")]
    state = rig.state(id)
    assert state is not None
    assert state.pending == (1,)


def test_nothing_is_sent_from_a_spool_that_has_become_read_only(rig: Rig) -> None:
    """The message could not be removed, so every attempt would send it again."""
    id = rig.put("a@x.example")

    class ReadOnly(Disk):
        def is_writable(self, at: int) -> bool:
            return False

    rig.disk = ReadOnly()
    (line,) = rig.attempt(id)
    assert line.startswith("delivery stopped: cannot record what will happen")
    assert rig.sent == []


def test_a_full_disk_does_not_keep_a_single_recipient_waiting(rig: Rig) -> None:
    """Its removal needs no room, and makes some."""
    id = rig.put("a@x.example")

    def no_space(name: str, arguments: tuple[Any, ...]) -> None:
        if name in {"create", "write"}:
            raise OSError(errno.ENOSPC, "No space left on device")

    rig.disk = WatchedDisk(Disk(), no_space)
    assert rig.attempt(id)[-1] == "Completed"
    assert not rig.spool().holds(id)


def test_on_a_full_disk_a_single_recipient_whose_sender_is_told_gets_nothing_twice(
    rig: Rig,
) -> None:
    """That he has it is recorded before the message goes, for the report (RFC 3461 s5.2)."""
    id = rig.put(Recipient("user@localhost", ("SUCCESS",)))

    def no_space(name: str, arguments: tuple[Any, ...]) -> None:
        if name in {"create", "write"}:
            raise OSError(errno.ENOSPC, "No space left on device")

    rig.disk = WatchedDisk(Disk(), no_space)
    rig.attempt(id)
    rig.attempt(id)
    assert rig.stored == []
    rig.disk = None
    assert rig.attempt(id)[-1] == "Completed"
    assert len(rig.stored) == 1


def test_a_damaged_message_is_not_sent(rig: Rig) -> None:
    id = rig.put("user@localhost")
    path = rig.directory / "spool" / "queue" / id
    path.write_bytes(path.read_bytes().replace(b"body", b"b0dy"))
    rig.attempt(id)
    assert rig.stored == []
    assert not rig.spool().holds(id)
    assert (rig.directory / "spool" / "corrupt" / id).exists()


# Stopped at every call to the disk.


def test_an_attempt_stopped_anywhere_loses_nobody_and_owes_no_report(tmp_path: Path) -> None:
    """Every recipient gets it or is named in a report, whatever instruction was the last."""
    for count in range(400):
        memory = MemoryDisk(lambda: START)
        rig = Rig(tmp_path, {"b@x.example": NEVER}, disk=memory, spool_directory=IN_MEMORY)
        id = rig.put("user@localhost", "a@x.example", "b@x.example", "c@gone.example")
        memory.stop()
        came_through = attempt_until(rig, memory, id, count)
        if rig.spool().holds(id):
            assert rig.attempt(id)[-1] == "Completed"
        assert ("user", "user@localhost") in rig.stored
        assert any("a@x.example" in names for _, names in rig.sent)
        told = b"".join(bounces(rig))
        assert b"Final-Recipient: rfc822; b@x.example" in told
        assert b"Final-Recipient: rfc822; c@gone.example" in told
        if came_through:
            assert count > 30
            return
    pytest.fail("never came through")


def test_a_report_that_is_in_the_queue_is_not_written_again(rig: Rig) -> None:
    id = rig.put("c@gone.example")
    claim = rig.spool().claim(id)
    assert claim is not None
    report_id = rig.put(SENDER, sender="")
    claim.note(Failed(rig.now, (0,), "5.1.2 domain gone.example does not exist", report_id))
    claim.release()
    lines = rig.attempt(id)
    assert lines == ["Completed"]
    assert rig.handed_on == [HandOn(report_id, "example.com")]


def test_an_owed_report_is_written_even_when_nobody_is_due(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    id = rig.put("a@x.example", "c@gone.example")
    rig.attempt(id)
    claim = rig.spool().claim(id)
    assert claim is not None
    records = Failed(rig.now, (1,), "5.1.2 gone", report_id=rig.spool().reserve())
    claim.note(records)
    claim.release()
    before = len(rig.handed_on)
    rig.attempt(id)
    assert len(rig.handed_on) == before + 1
    message = rig.spool().peek(id)
    assert message is not None
    assert isinstance(message.history[-1], Reported)
    assert not any(isinstance(record, Delivered) for record in message.history)
