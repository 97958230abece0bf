"""RCPT for an address that SRS has made: reports are taken, for some weeks, and nothing else."""

from __future__ import annotations

import pytest

from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.srs import DAY, sign
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Unsure
from tests.doubles.house import HOST, House, usual_settings

SECRET = b"tops3cr3t"
TODAY = int(1.7e9 // DAY)
FILES = ("/etc/pymta/srs.secret",)


def made(sender: str, day: int, domain: str = HOST) -> str:
    mailbox = parse_mailbox(sender)
    assert isinstance(mailbox, Mailbox)
    return str(sign(mailbox, domain, SECRET, day))


def house(**changes: object) -> House:
    settings = usual_settings(srs_secrets=FILES, **changes)
    return House(settings, address_tables=AddressTables(srs_secrets=lambda: (b"new", SECRET)))


def ask(house: House, recipient: str, sender: str = "") -> str:
    with house.call() as guest:
        guest.hear()
        return guest.ask("EHLO x.example", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>")[-1]


SIGNED = made("alice@example.com", TODAY)


@pytest.mark.parametrize("age", [0, 1, 21])
def test_a_report_is_taken_and_stored_for_that_address(age: int) -> None:
    """The message names whom it was written to; where it goes each attempt finds out."""
    recipient = made("alice@example.com", TODAY - age)
    rejoins = house()
    with rejoins.call() as guest:
        guest.hear()
        lines = ("EHLO x.example", "MAIL FROM:<>", f"RCPT TO:<{recipient}>", "DATA")
        assert guest.ask(*lines)[2] == "250 2.1.5 Accepted"
        guest.ask("Subject: failed\r\n\r\n.")
    (message,) = rejoins.spool.messages.values()
    assert [one.address for one in message.envelope.recipients] == [recipient]
    assert [word.destination for word in rejoins.handed_on] == [""]


@pytest.mark.parametrize(
    ("recipient", "sender", "reply"),
    [
        (SIGNED, "eve@example.net", "550 5.7.1 SRS address takes reports alone,"),
        (made("alice@example.com", TODAY - 22), "", "550 5.1.1 SRS address has expired"),
        (SIGNED.replace("alice", "eve"), "", "550 5.1.1 invalid SRS address: its hash"),
        (SIGNED.replace("alice", "eve"), "eve@example.net", "550 5.1.1 invalid SRS address"),
        (made("a@example.com", TODAY, "other.example"), "", "550 5.7.1 relay not permitted"),
    ],
)
def test_other_mail_is_refused_with_the_reason(recipient: str, sender: str, reply: str) -> None:
    assert ask(house(), recipient, sender).startswith(reply)


def test_letter_case_does_not_count() -> None:
    assert ask(house(), SIGNED.lower()) == "250 2.1.5 Accepted"


def test_users_of_ours_are_no_exception() -> None:
    """Who may send anywhere writes to the sender himself."""
    assert ask(house(relay_from_hosts=("192.0.2.0/24",)), SIGNED, "user@localhost")[:3] == "550"


def test_a_secret_that_cannot_be_read_is_no_unknown_user() -> None:
    blind = house()
    blind.address_tables = AddressTables(srs_secrets=lambda: Unsure("it cannot be read"))
    assert ask(blind, SIGNED).startswith("451 4.3.0 Temporary local problem")
    assert "it cannot be read" in "".join(blind.log.texts())


def test_a_domain_of_its_own_has_nobody_else_in_it() -> None:
    dedicated = house(srs_domain="srs.example.org")
    assert ask(dedicated, made("a@example.com", TODAY, "SRS.example.org"))[:3] == "250"
    assert ask(dedicated, "user@srs.example.org").startswith("550 5.1.1 Unknown user")
    assert ask(dedicated, "postmaster@srs.example.org")[:3] == "250"
    assert ask(dedicated, SIGNED).startswith("550 5.1.1 Unknown user")


def test_without_srs_it_is_any_name() -> None:
    assert ask(House(usual_settings()), SIGNED).startswith("550 5.1.1 Unknown user")
