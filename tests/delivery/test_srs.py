"""What somebody here has sent on to another host has a sender of ours, and stays whose it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.mail.address import Mailbox
from pymta.mail.envelope import Recipient
from pymta.routing.route import SYSTEM_ALIASES, Expanded, Item
from pymta.routing.target import Whom
from pymta.tables.table import Unsure
from tests.doubles.deliveries import NEVER, SENDER, SETTINGS, Rig, bounces

TEAM = "team@users.example"
FAR, BEHIND = Mailbox("carol", "x.example"), Mailbox("dave", "behind.example")


def signed(sender: str) -> str:
    return f"SRS0=HHHH=TT={sender}@we.example"


@pytest.fixture(autouse=True)
def signing(rig: Rig) -> None:
    rig.sender_of_ours = signed
    rig.aliases[TEAM] = leads_to(FAR)


def leads_to(*mailboxes: Mailbox, owner: str = "") -> Expanded:
    items = tuple(Item(Whom(mailbox), "aliases:1") for mailbox in mailboxes)
    return Expanded(items, "team", "aliases:1", SYSTEM_ALIASES, owner)


def senders(rig: Rig) -> list[tuple[str, str]]:
    """The sender of the message, and as whom he stands in MAIL, of each transaction."""
    return [(parcel.sender, parcel.sender_of_ours or parcel.sender) for parcel in rig.parcels]


def test_what_an_alias_sends_on_has_a_sender_of_ours(rig: Rig) -> None:
    rig.attempt(rig.put(TEAM))
    assert senders(rig) == [(SENDER, signed(SENDER))]


def test_what_a_user_sends_on_has_one(rig: Rig) -> None:
    rig.forwards["alice"] = b"carol@x.example"
    rig.attempt(rig.put("alice@users.example"))
    assert senders(rig) == [(SENDER, signed(SENDER))]


def test_what_goes_out_from_here_keeps_its_own(rig: Rig) -> None:
    rig.attempt(rig.put("erin@x.example", TEAM))
    assert sorted(senders(rig)) == sorted([(SENDER, SENDER), (SENDER, signed(SENDER))])


def test_hosts_behind_us_see_the_sender_himself(rig: Rig) -> None:
    routing = replace(SETTINGS.routing, relay_to_domains=("behind.example",))
    rig.settings = replace(SETTINGS, routing=routing)
    rig.aliases[TEAM] = leads_to(FAR, BEHIND)
    rig.attempt(rig.put(TEAM))
    found = {parcel.recipients[0]: parcel.sender_of_ours for parcel in rig.parcels}
    assert found == {str(FAR): signed(SENDER), str(BEHIND): ""}


def test_a_report_stays_one_and_a_list_has_its_owner(rig: Rig) -> None:
    rig.attempt(rig.put(TEAM, sender=""))
    rig.aliases[TEAM] = leads_to(FAR, owner="owner-team@users.example")
    rig.attempt(rig.put(TEAM))
    owner = "owner-team@users.example"
    assert senders(rig) == [("", ""), (owner, owner)]


def test_the_sender_himself_is_told_of_a_failure(rig: Rig) -> None:
    rig.answers[str(FAR)] = NEVER
    rig.attempt(rig.put(TEAM))
    (report,) = bounces(rig)
    assert f"To: <{SENDER}>".encode() in report


def test_what_he_has_asked_for_goes_with_it(rig: Rig) -> None:
    """RFC 3461 s5.2, RFC 8689: another name, and the same sender."""
    recipient = Recipient(TEAM, ("SUCCESS",), "rfc822;team@elsewhere.example")
    rig.sure = True
    rig.attempt(rig.put(recipient, ret="HDRS", envid="abc", requires_tls=True))
    ((parcel,), (sender, shown)) = rig.parcels, senders(rig)[0]
    assert (sender, shown) == (SENDER, signed(SENDER))
    wishes = parcel.wishes
    assert (wishes.envid, wishes.ret, wishes.requires_tls) == ("abc", "HDRS", True)
    assert wishes.asked[str(FAR)] == recipient


def test_without_a_secret_it_waits(rig: Rig) -> None:
    rig.sender_of_ours = lambda _: Unsure("srs_secrets: /x cannot be read")
    id = rig.put(TEAM)
    assert "srs_secrets: /x cannot be read" in rig.attempt(id)[-1]
    assert rig.sent == []
    assert rig.state(id)


def test_the_log_has_the_return_path(rig: Rig) -> None:
    journal = replace(SETTINGS.journal, log_selector=("+return_path_on_delivery",))
    rig.settings = replace(SETTINGS, journal=journal)
    lines = rig.attempt(rig.put(TEAM))
    assert any(f" P=<{signed(SENDER)}> " in line for line in lines), lines
