"""Who is told what of a message: the promise of DSN (RFC 3461 s5.2, s6), kept or handed on."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from pymta.mail.envelope import NULL_SENDER, Recipient
from pymta.mail.reply import Reply
from pymta.smtp.client_words import Taken
from pymta.smtp.outgoing import Wishes
from pymta.spool.store import Seal
from pymta.transport.downgrade import fit
from pymta.transport.parcel import parcel_of
from tests.doubles.deliveries import (
    IN_MEMORY,
    NEVER,
    SENDER,
    SETTINGS,
    START,
    Rig,
    attempt_until,
    bounces,
)
from tests.doubles.memory_disk import MemoryDisk

WITH_DSN = Taken(Reply(250, "queued"), offers_dsn=True)
SUCCESS = ("SUCCESS",)


def reports(rig: Rig) -> list[Message]:
    """Those that were handed on, in their order, as they lie in the spool."""
    return [message_from_bytes(content(rig, one.id)) for one in rig.handed_on]


def content(rig: Rig, id: str) -> bytes:
    claim = rig.spool().claim(id)
    assert claim is not None
    try:
        return b"".join(claim.blocks())
    finally:
        claim.release()


def part(message: Message, number: int) -> Message:
    found = message.get_payload(number)
    assert isinstance(found, Message)
    return found


def told(report: Message) -> list[dict[str, str]]:
    """The fields of each recipient."""
    blocks = part(report, 1).get_payload()
    assert isinstance(blocks, list)
    return [dict(block.items()) for block in blocks[1:] if isinstance(block, Message)]


def about_message(report: Message) -> dict[str, str]:
    return dict(part(part(report, 1), 0).items())


def test_delivered_is_told_to_who_asked_for_it(rig: Rig) -> None:
    asked = Recipient("user@localhost", SUCCESS, "rfc822;first+x@b.example")
    id = rig.put(asked, "other@localhost", envid="QQ 1")

    assert rig.attempt(id)[-1] == "Completed"

    (report,) = reports(rig)
    assert report["To"] == f"<{SENDER}>"
    assert report["Subject"] == "Delivery report"
    assert about_message(report)["Original-Envelope-Id"] == "QQ 1"
    assert told(report) == [
        {
            "Original-Recipient": "rfc822; first+x@b.example",
            "Final-Recipient": "rfc822; user@localhost",
            "Action": "delivered",
            "Status": "2.0.0",
        }
    ]
    assert rig.state(id) is None


def test_a_report_names_the_message_it_is_about(rig: Rig) -> None:
    rig.answers["a@x.example"] = NEVER
    intake = rig.spool().begin(rig.envelope("a@x.example"))
    intake.write(b"Message-ID: <one@b.example>\r\n\r\nx\r\n")
    intake.commit(Seal(message_id="one@b.example"))

    rig.attempt(intake.id)

    (report,) = reports(rig)
    assert report["In-Reply-To"] == report["References"] == "<one@b.example>"


def test_relayed_is_told_where_the_next_host_has_no_dsn(rig: Rig) -> None:
    """RFC 3461 s5.2.2"""
    id = rig.put(Recipient("a@x.example", SUCCESS), "b@x.example")

    rig.attempt(id)

    ((fields,),) = map(told, reports(rig))
    assert fields == {
        "Final-Recipient": "rfc822; a@x.example",
        "Action": "relayed",
        "Status": "2.1.9",
        "Remote-MTA": "dns; mx.x.example",
    }


def test_where_the_next_host_has_dsn_it_tells_and_we_do_not(rig: Rig) -> None:
    """RFC 3461 s5.2.1"""
    rig.answers["a@x.example"] = WITH_DSN
    asked = Recipient("a@x.example", SUCCESS, "rfc822;c@d.example")
    id = rig.put(asked, ret="HDRS", envid="e1")

    assert rig.attempt(id)[-1] == "Completed"

    assert rig.handed_on == []
    assert rig.parcels[0].wishes == Wishes(ret="HDRS", envid="e1", asked={"a@x.example": asked})


@pytest.mark.parametrize("notify", [("NEVER",), SUCCESS, ("DELAY",)])
def test_a_failure_is_not_told_to_who_did_not_want_to_know(
    notify: tuple[str, ...], rig: Rig
) -> None:
    rig.answers["a@x.example"] = NEVER
    id = rig.put(Recipient("a@x.example", notify))

    lines = rig.attempt(id)

    assert [line.split()[0] for line in lines] == ["**", "Completed"]
    assert rig.handed_on == []


def test_of_several_failures_those_are_told_that_were_asked_for(rig: Rig) -> None:
    rig.answers |= dict.fromkeys(["a@x.example", "b@x.example", "c@x.example"], NEVER)
    id = rig.put(
        Recipient("a@x.example", ("NEVER",)),
        Recipient("b@x.example", ("FAILURE",)),
        "c@x.example",
    )

    assert rig.attempt(id)[-1] == "Completed"

    ((first, second),) = map(told, reports(rig))
    assert first["Final-Recipient"] == "rfc822; b@x.example"
    assert second["Final-Recipient"] == "rfc822; c@x.example"


def test_success_and_failure_of_one_attempt_are_two_reports(rig: Rig) -> None:
    rig.answers["b@x.example"] = NEVER
    id = rig.put(Recipient("user@localhost", SUCCESS), "b@x.example")

    rig.attempt(id)

    actions = [fields["Action"] for report in reports(rig) for fields in told(report)]
    assert sorted(actions) == ["delivered", "failed"]
    assert len(rig.handed_on) == 2


def test_nobody_is_told_of_a_report(rig: Rig) -> None:
    id = rig.put(Recipient("user@localhost", SUCCESS), sender=NULL_SENDER)

    assert rig.attempt(id)[-1] == "Completed"
    assert rig.handed_on == []


def test_a_failed_report_that_nobody_wants_to_know_of_is_not_frozen(rig: Rig) -> None:
    rig.answers["a@x.example"] = NEVER
    id = rig.put(Recipient("a@x.example", ("NEVER",)), sender=NULL_SENDER)

    assert rig.attempt(id)[-1] == "Completed"


def test_a_forward_to_one_keeps_the_wishes_and_the_first_name(rig: Rig) -> None:
    """RFC 3461 s5.2.7.2"""
    rig.forwards["alice"] = b"b@x.example"
    id = rig.put(Recipient("alice@users.example", SUCCESS))

    rig.attempt(id)

    ((fields,),) = map(told, reports(rig))
    assert (fields["Action"], fields["Final-Recipient"]) == ("relayed", "rfc822; b@x.example")
    assert rig.parcels[0].wishes.asked["b@x.example"].orcpt == "rfc822;alice@users.example"


def test_a_forward_to_several_is_told_as_expanded_and_no_further(rig: Rig) -> None:
    """RFC 3461 s5.2.7.3"""
    rig.forwards["alice"] = b"\\alice, b@x.example"
    rig.answers["b@x.example"] = NEVER
    id = rig.put(Recipient("alice@users.example", ("SUCCESS", "FAILURE")))

    assert rig.attempt(id)[-1] == "Completed"

    found = [fields for report in reports(rig) for fields in told(report)]
    assert sorted((fields["Action"], fields["Final-Recipient"]) for fields in found) == [
        ("expanded", "rfc822; alice@users.example"),
        ("failed", "rfc822; b@x.example"),
    ]


def test_a_forward_to_somebody_who_has_it_anyway_is_told_too(rig: Rig) -> None:
    rig.forwards["alice"] = b"bob"
    id = rig.put(Recipient("alice@users.example", SUCCESS), "bob@users.example")

    assert rig.attempt(id)[-1] == "Completed"

    ((fields,),) = map(told, reports(rig))
    assert (fields["Action"], fields["Final-Recipient"]) == (
        "expanded",
        "rfc822; alice@users.example",
    )


def test_a_failed_message_comes_back_whole_where_that_was_asked_for(rig: Rig) -> None:
    """RFC 3461 s4.3"""
    rig.answers["a@x.example"] = NEVER
    body = "Subject: hello\r\n\r\nGrüße\r\n".encode()
    id = rig.put("a@x.example", ret="FULL", body=body)

    rig.attempt(id)

    (report,) = reports(rig)
    assert part(report, 2).get_content_type() == "message/rfc822"
    assert content(rig, rig.handed_on[0].id).count(body) == 1
    message = rig.spool().peek(rig.handed_on[0].id)
    assert message is not None
    assert message.seal.eight_bit


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"Subject: caf\xe9\r\n\r\nx\r\n", id="octets in the header"),
        pytest.param(
            b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\xe9\r\n--b--\r\n",
            id="signed as it is",
        ),
    ],
)
def test_what_could_not_be_sent_to_every_host_comes_back_as_its_header(
    body: bytes, rig: Rig
) -> None:
    """A report that no host takes is frozen, and tells nobody anything."""
    rig.answers["a@x.example"] = NEVER
    rig.attempt(rig.put("a@x.example", ret="FULL", body=body))

    (report,) = reports(rig)
    assert part(report, 2).get_content_type() == "text/rfc822-headers"
    assert content(rig, rig.handed_on[0].id).isascii()


@pytest.mark.parametrize("converts", [True, False])
def test_what_comes_back_whole_is_fit_for_a_host_without_8bitmime(converts: bool, rig: Rig) -> None:
    transport = replace(SETTINGS.transport, mime_output_conversion=converts)
    rig.settings = replace(SETTINGS, transport=transport)
    rig.answers["a@x.example"] = NEVER
    body = "Subject: hello\r\n\r\nGr\u00fc\u00dfe\r\n".encode()
    rig.attempt(rig.put("a@x.example", ret="FULL", body=body))

    claim = rig.spool().claim(rig.handed_on[0].id)
    assert claim
    try:
        sent = b"".join(fit(parcel_of(claim, ("s@example.com",)), frozenset()).content())
    finally:
        claim.release()
    assert sent.isascii()
    returned = part(message_from_bytes(sent), 2)
    assert (returned.get_content_type() == "message/rfc822") == converts
    if converts:
        assert part(returned, 0).get_payload(decode=True) == "Gr\u00fc\u00dfe\r\n".encode()


def test_a_long_message_comes_back_as_its_header(rig: Rig) -> None:
    rig.settings = replace(SETTINGS, queue=replace(SETTINGS.queue, bounce_return_size_limit=100))
    rig.answers["a@x.example"] = NEVER
    id = rig.put("a@x.example", ret="FULL", body=b"Subject: hello\r\n\r\n" + b"x" * 90 + b"\r\n")

    rig.attempt(id)

    (report,) = reports(rig)
    assert part(report, 2).get_content_type() == "text/rfc822-headers"
    assert b"x" * 90 not in content(rig, rig.handed_on[0].id)


def test_good_news_never_carries_the_whole_message(rig: Rig) -> None:
    """RFC 3461 s4.3: RET is about failures."""
    id = rig.put(Recipient("user@localhost", SUCCESS), ret="FULL")

    rig.attempt(id)

    (report,) = reports(rig)
    assert part(report, 2).get_content_type() == "text/rfc822-headers"


def test_a_report_to_a_sender_in_utf8_is_one_of_rfc_6533(rig: Rig) -> None:
    rig.answers["rené@x.example"] = NEVER
    id = rig.put(
        "rené@x.example",
        sender="jörg@b.example",
        smtputf8=True,
        body="Subject: Grüße\r\n\r\nx\r\n".encode(),
    )

    rig.attempt(id)

    report_id = rig.handed_on[0].id
    text = content(rig, report_id).decode()
    assert "\r\nTo: <jörg@b.example>\r\n" in text
    assert 'report-type="global-delivery-status"' in text
    assert "\r\nFinal-Recipient: utf-8; rené@x.example\r\n" in text
    assert "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n" in text
    assert "\r\nSubject: Grüße\r\n" in text
    message = rig.spool().peek(report_id)
    assert message is not None
    assert message.envelope.smtputf8
    assert message.seal.eight_bit


def test_a_report_to_a_sender_in_ascii_is_in_ascii(rig: Rig) -> None:
    """So that it reaches him whatever servers there are on the way."""
    rig.answers["rené@x.example"] = NEVER
    id = rig.put("rené@x.example", smtputf8=True, body="Subject: Grüße\r\n\r\nx\r\n".encode())

    rig.attempt(id)

    report_id = rig.handed_on[0].id
    (report,) = reports(rig)
    assert content(rig, report_id).isascii()
    assert report.get_param("report-type") == "delivery-status"
    ((fields,),) = map(told, reports(rig))
    assert fields["Final-Recipient"] == r"utf-8; ren\x{E9}@x.example"
    assert part(report, 2).get_content_type() == "message/global-headers"
    assert b"\r\nSubject: Gr=C3=BC=C3=9Fe\r\n" in content(rig, report_id)
    message = rig.spool().peek(report_id)
    assert message is not None
    assert not message.envelope.smtputf8


@pytest.mark.parametrize("sender", [SENDER, "jörg@b.example"])
def test_a_message_that_needs_smtputf8_says_so_to_its_parcel(sender: str, rig: Rig) -> None:
    for subject in ("Grüße", "plain"):
        body = f"Subject: {subject}\r\n\r\nü\r\n".encode()
        rig.attempt(rig.put("a@x.example", sender=sender, smtputf8=True, body=body))

    assert [parcel.wishes.is_international for parcel in rig.parcels] == [True, False]


def test_what_requires_tls_goes_to_no_other_host(rig: Rig) -> None:
    """RFC 8689 s4.2.1, s5: nor does the report, which is not frozen but ends in the log."""
    rig.forwards["alice"] = b"\\alice, b@x.example"
    id = rig.put("alice@users.example", ret="FULL", requires_tls=True, sender="s@y.example")

    lines = rig.attempt(id)

    assert rig.sent == []
    assert any(line.startswith("** b@x.example") and "REQUIRETLS" in line for line in lines)
    (report,) = reports(rig)
    ((fields,),) = map(told, [report])
    assert (fields["Action"], fields["Status"]) == ("failed", "5.7.30")
    assert part(report, 2).get_content_type() == "text/rfc822-headers"
    lines = rig.attempt(rig.handed_on[0].id)
    assert [line.split()[0] for line in lines] == ["**", "Completed"]
    assert rig.sent == []


def test_what_requires_tls_is_put_into_mailboxes_of_ours(rig: Rig) -> None:
    id = rig.put("user@localhost", requires_tls=True)

    assert rig.attempt(id)[-1] == "Completed"


def test_a_stop_anywhere_loses_no_report_that_was_promised(tmp_path: Path) -> None:
    """As with bounces: the next attempt tells it, or the message is still to be delivered."""
    for count in range(200):
        memory = MemoryDisk(lambda: START)
        rig = Rig(tmp_path, disk=memory, spool_directory=IN_MEMORY)
        id = rig.put(Recipient("user@localhost", SUCCESS), "a@x.example")
        memory.stop()
        came_through = attempt_until(rig, memory, id, count)
        if rig.spool().holds(id):
            assert rig.attempt(id)[-1] == "Completed"
        (report, *_) = bounces(rig)
        assert b"Action: delivered" in report
        if came_through:
            assert count > 15
            return
    pytest.fail("never came through")
