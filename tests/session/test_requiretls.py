"""REQUIRETLS (RFC 8689): who is offered it, and what we do with mail that asks for it."""

from __future__ import annotations

import pytest

from pymta.tls.certificates import Certificates
from tests.doubles.certificates import Certificate
from tests.doubles.house import Guest, House, usual_settings


@pytest.fixture(scope="module")
def ours(certificate: Certificate) -> Certificates:
    return certificate.shown()


@pytest.fixture
def house(ours: Certificates) -> House:
    return House(usual_settings(relay_from_hosts=("192.0.2.0/24",)), starttls=ours)


def encrypted(guest: Guest, certificate: Certificate) -> str:
    """The offer that is made inside of TLS."""
    guest.hear()
    guest.ask("EHLO client.example", "STARTTLS")
    guest.start_tls(certificate.client())
    return guest.ask("EHLO client.example")[0]


MAIL = "MAIL FROM:<a@b.example> REQUIRETLS"


def test_in_clear_it_is_neither_offered_nor_taken(house: House) -> None:
    """RFC 8689 s2"""
    with house.call() as guest:
        guest.hear()
        (offer,) = guest.ask("EHLO client.example")
        (refusal,) = guest.ask(MAIL)
        guest.ask("QUIT")

    assert "REQUIRETLS" not in offer
    assert refusal == "555 5.5.4 unknown parameter"


def test_inside_of_tls_it_is_kept_for_mailboxes_of_ours(
    house: House, certificate: Certificate
) -> None:
    with house.call() as guest:
        assert "-REQUIRETLS\n" in encrypted(guest, certificate)
        guest.ask(MAIL, "RCPT TO:<user@localhost>", "DATA")
        guest.say("TLS-Required: No", "Subject: x", "", ".")
        assert guest.hear().startswith("250 ")
        guest.ask("QUIT")

    (kept,) = house.spool.stored
    assert kept.envelope.requires_tls
    assert not kept.seal.tls_optional, "the header counts for nothing beside REQUIRETLS (s4.1)"


def test_it_is_kept_for_recipients_elsewhere(house: House, certificate: Certificate) -> None:
    """RFC 8689 s4.2.1: whether their hosts have it shows when they are called."""
    with house.call() as guest:
        encrypted(guest, certificate)
        guest.ask(MAIL, "RCPT TO:<c@far.example>", "DATA")
        guest.say("Subject: x", "", ".")
        assert guest.hear().startswith("250 ")
        guest.ask("QUIT")

    (kept,) = house.spool.stored
    assert kept.envelope.requires_tls


def test_tls_required_no_is_kept_for_whoever_sends_it_on(house: House) -> None:
    """RFC 8689 s3"""
    with house.call() as guest:
        guest.hear()
        guest.ask("EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<c@far.example>", "DATA")
        guest.say("TLS-Required: No", "Subject: x", "", ".")
        guest.hear()
        guest.ask("QUIT")

    (kept,) = house.spool.stored
    assert kept.seal.tls_optional
