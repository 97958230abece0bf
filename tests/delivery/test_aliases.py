"""Aliases as a delivery follows them: recorded first, told, to everybody once."""

from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest

from pymta.channel.reach import Reach
from pymta.mail.address import Mailbox
from pymta.mail.envelope import Recipient
from pymta.routing.route import SYSTEM_ALIASES, Discard, Expanded, Item
from pymta.routing.target import File, Whom
from tests.doubles.deliveries import DOWN, NEVER, Rig, bounces

TEAM = "team@users.example"
AT_X = 'R=mx T=smtp H=mx.x.example [192.0.2.1] C="250 queued"'


def leads_to(*addresses: str, owner: str = "") -> Expanded:
    mailboxes = (Mailbox(*address.split("@")) for address in addresses)
    items = tuple(Item(Whom(mailbox), "aliases:1") for mailbox in mailboxes)
    return Expanded(items, "team", "aliases:1", SYSTEM_ALIASES, owner)


@pytest.fixture(autouse=True)
def team(rig: Rig) -> None:
    rig.aliases[TEAM] = leads_to("alice@users.example", "carol@x.example")


def test_an_alias_leads_on_in_the_same_attempt(rig: Rig) -> None:
    id = rig.put(TEAM)
    assert rig.attempt(id) == [
        f"<{TEAM}> leads to alice@users.example, carol@x.example, by aliases:1",
        f"=> alice <{TEAM}> R=local_user T=maildir",
        f"=> carol@x.example <{TEAM}> {AT_X}",
        "Completed",
    ]
    assert rig.state(id) is None


def header(content: bytes) -> Message:
    return message_from_bytes(content)


def test_everybody_sees_by_which_name_it_came(rig: Rig) -> None:
    rig.attempt(rig.put(TEAM))
    ((_, _, content),) = rig.homes
    assert header(content).get_all("Delivered-To") == [TEAM]
    (parcel,) = rig.parcels
    assert header(parcel.on_top).get_all("Delivered-To") == [TEAM]


def test_who_is_put_off_is_tried_again_and_nobody_else(rig: Rig) -> None:
    """What the alias says by then is no matter: whom it led to is recorded."""
    rig.answers["carol@x.example"] = DOWN
    id = rig.put(TEAM)
    rig.attempt(id)
    rig.aliases[TEAM] = leads_to("eve@y.example")
    del rig.answers["carol@x.example"]
    rig.now += 3600
    assert rig.attempt(id, force=True)[-1] == "Completed"
    assert [account for account, _, _ in rig.homes] == ["alice"]
    assert rig.sent == [("mx.x.example", ("carol@x.example",))]


def test_a_failure_behind_an_alias_is_told_to_the_sender(rig: Rig) -> None:
    rig.answers["carol@x.example"] = NEVER
    rig.attempt(rig.put(TEAM))
    (report,) = bounces(rig)
    assert b"Final-Recipient: rfc822; carol@x.example" in report
    assert f"in place of <{TEAM}>".encode() in report


def test_a_blackhole_is_told_to_the_log_alone(rig: Rig) -> None:
    rig.aliases[TEAM] = Discard("aliases:1", SYSTEM_ALIASES)
    assert rig.attempt(rig.put(TEAM)) == [
        f"=> {TEAM} R=system_aliases T=blackhole",
        "Completed",
    ]
    assert not rig.homes
    assert not rig.handed_on


@pytest.mark.parametrize("name", [TEAM, TEAM.upper()])
def test_what_comes_back_to_an_alias_is_returned(rig: Rig, name: str) -> None:
    """Somebody it led to has sent it here again."""
    rig.aliases[TEAM] = leads_to("carol@gone.example")
    id = rig.put(TEAM, body=f"Delivered-To: {name}\r\n\r\nx\r\n".encode())
    lines = rig.attempt(id)
    assert lines[0] == f"=> team <{TEAM}> R=local_user T=maildir"  # there is such a user


def test_what_comes_back_to_an_alias_of_nobody_fails(rig: Rig) -> None:
    name = "all@gone.example"
    rig.aliases[name] = leads_to("carol@x.example")
    id = rig.put(name, body=f"Delivered-To: {name}\r\n\r\nx\r\n".encode())
    lines = rig.attempt(id)
    assert lines[0] == f"** {name}: mail loop: it was sent on from {name} before"
    assert not rig.sent


def test_a_new_message_waits_for_nobody_because_of_its_alias(rig: Rig) -> None:
    id = rig.put(TEAM)
    assert rig.attempt(id, reach=Reach.NEW)[-1] == "Completed"


def test_success_of_an_alias_is_told_as_its_expansion(rig: Rig) -> None:
    """RFC 3461 s5.2.7.3"""
    rig.attempt(rig.put(Recipient(TEAM, ("SUCCESS",))))
    (report,) = bounces(rig)
    assert b"Action: expanded" in report
    assert b"Action: delivered" not in report


OWNER = "owner-team@users.example"


@pytest.fixture
def owned(rig: Rig) -> Rig:
    rig.aliases[TEAM] = leads_to("alice@users.example", "carol@x.example", owner=OWNER)
    return rig


def test_a_list_with_an_owner_is_sent_from_him(owned: Rig) -> None:
    id = owned.put(TEAM, "dave@x.example")
    lines = owned.attempt(id)
    assert {parcel.recipients: parcel.sender for parcel in owned.parcels} == {
        ("carol@x.example",): OWNER,
        ("dave@x.example",): "s@example.com",
    }
    assert lines[-1] == "Completed"


def test_the_owner_hears_of_failures_and_the_sender_of_his_own(owned: Rig) -> None:
    owned.answers |= {"carol@x.example": NEVER, "dave@x.example": NEVER}
    owned.attempt(owned.put(TEAM, "dave@x.example", envid="E1"))
    told = {}
    for waiting in owned.spool().waiting():
        claim = owned.spool().claim(waiting.id)
        assert claim
        (recipient,) = claim.envelope.recipients
        told[recipient.address] = b"".join(claim.blocks())
        claim.release()
    assert set(told) == {OWNER, "s@example.com"}
    assert b"Final-Recipient: rfc822; carol@x.example" in told[OWNER]
    assert b"dave@x.example" not in told[OWNER]
    assert b"Original-Envelope-Id" not in told[OWNER]
    assert b"carol@x.example" not in told["s@example.com"]
    assert b"Original-Envelope-Id: E1" in told["s@example.com"]
    assert f"To: <{OWNER}>".encode() in told[OWNER]


def test_what_tells_the_owner_goes_to_where_he_is(owned: Rig) -> None:
    owned.answers["carol@x.example"] = NEVER
    owned.attempt(owned.put(TEAM, sender="s@z.example"))
    owned.aliases[TEAM] = leads_to("carol@x.example", owner="owner@y.example")
    owned.attempt(owned.put(TEAM, sender="s@z.example"))
    assert [one.destination for one in owned.handed_on] == ["", "y.example"]


def test_who_is_put_off_still_has_it_from_the_owner(owned: Rig) -> None:
    """Whatever the aliases say by then."""
    owned.answers["carol@x.example"] = DOWN
    id = owned.put(TEAM)
    owned.attempt(id)
    del owned.answers["carol@x.example"]
    owned.aliases.clear()
    owned.now += 3600
    owned.attempt(id, force=True)
    assert [parcel.sender for parcel in owned.parcels] == [OWNER]


def test_a_report_to_a_list_stays_a_report(owned: Rig) -> None:
    """RFC 5321 s3.9.2"""
    owned.attempt(owned.put(TEAM, sender=""))
    assert [parcel.sender for parcel in owned.parcels] == [""]


def test_what_the_sender_wants_to_know_ends_with_a_list_that_has_an_owner(owned: Rig) -> None:
    """RFC 3461 s5.2.7.1"""
    owned.aliases[TEAM] = leads_to("carol@x.example", owner=OWNER)
    wish = Recipient(TEAM, ("SUCCESS",), "rfc822;team@old.example")
    owned.attempt(owned.put(wish, envid="E1", ret="FULL"))
    (report,) = bounces(owned)
    assert b"Action: delivered" in report
    assert b"passed to the mailing list" in report
    (parcel,) = owned.parcels
    assert (parcel.wishes.envid, parcel.wishes.ret) == ("", "")
    assert parcel.wishes.asked == {"carol@x.example": Recipient("")}


def test_a_file_whose_name_looks_like_an_address_is_in_no_domain(rig: Rig) -> None:
    """A run for local mail alone takes it."""
    item = Item(File("/srv/list@x.example"), "aliases:1")
    rig.aliases[TEAM] = Expanded((item,), "team", "aliases:1", SYSTEM_ALIASES)
    rig.aliases["/srv/list@x.example"] = Discard("aliases:1", SYSTEM_ALIASES)
    assert rig.attempt(rig.put(TEAM), reach=Reach.LOCAL)[-1] == "Completed"
