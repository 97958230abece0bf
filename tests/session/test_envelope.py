"""What MAIL and RCPT ask for is in the envelope of the stored message, and in Received."""

from __future__ import annotations

from typing import Any

import pytest

from pymta.mail.envelope import Envelope, Recipient
from tests.doubles.house import House, usual_settings


def sent(*commands: str, **options: Any) -> tuple[Envelope, str]:
    """Envelope and Received field of the one message that was taken."""
    house = House(usual_settings(**options))
    with house.call() as guest:
        guest.ask(*commands)
        guest.say("DATA")
        guest.hear()
        guest.say("Subject: x", "", ".", "QUIT")
        guest.hear_all()
        guest.status()
    (message,) = house.spool.stored
    return message.envelope, message.seal.on_top[0]


EHLO = "EHLO c.example"
USER = "RCPT TO:<user@localhost>"


def test_who_asked_for_nothing_has_an_envelope_without_wishes() -> None:
    envelope, received = sent(EHLO, "MAIL FROM:<a@b.example>", USER)

    assert envelope.recipients == (Recipient("user@localhost"),)
    assert (envelope.smtputf8, envelope.ret, envelope.envid) == (False, "", "")
    assert " with ESMTP\r\n" in received


def test_what_was_asked_of_reports_is_kept() -> None:
    """RFC 3461 s4"""
    envelope, _ = sent(
        EHLO,
        "MAIL FROM:<a@b.example> RET=FULL ENVID=QQ+2B1",
        f"{USER} NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;other+2Bx@b.example",
    )

    assert (envelope.ret, envelope.envid) == ("FULL", "QQ+1")
    asked = Recipient("user@localhost", ("SUCCESS", "FAILURE"), "rfc822;other+x@b.example")
    assert envelope.recipients == (asked,)


def test_a_recipient_named_twice_is_stored_once_with_every_wish() -> None:
    envelope, _ = sent(
        EHLO, "MAIL FROM:<a@b.example>", f"{USER} NOTIFY=NEVER", f"{USER} NOTIFY=SUCCESS"
    )

    assert envelope.recipients == (Recipient("user@localhost", ("SUCCESS",)),)


def test_smtputf8_is_kept_and_told_in_the_received_field() -> None:
    """RFC 6531 s4.3: the protocol is UTF8SMTP.  The field itself stays in ASCII."""
    envelope, received = sent(
        EHLO,
        "MAIL FROM:<jörg@b.example> SMTPUTF8",
        "RCPT TO:<jörg@localhost>",
        local_parts=("jörg",),
    )

    assert envelope.smtputf8
    assert envelope.sender == "jörg@b.example"
    assert envelope.recipients == (Recipient("jörg@localhost"),)
    assert " with UTF8SMTP\r\n" in received
    assert received.isascii()


@pytest.mark.parametrize("option", ["smtputf8_advertise_hosts", "dsn_advertise_hosts"])
def test_who_is_not_offered_an_extension_cannot_use_it(option: str) -> None:
    words = {"smtputf8_advertise_hosts": "SMTPUTF8", "dsn_advertise_hosts": "RET=FULL"}
    with House(usual_settings(**{option: ("!192.0.2.7", "*")})).call() as guest:
        guest.hear()
        (offer,) = guest.ask(EHLO)
        (refusal,) = guest.ask(f"MAIL FROM:<a@b.example> {words[option]}")
        guest.ask("QUIT")

    assert ("SMTPUTF8" in offer) is (option != "smtputf8_advertise_hosts")
    assert ("DSN" in offer) is (option != "dsn_advertise_hosts")
    assert refusal == "555 5.5.4 unknown parameter"
