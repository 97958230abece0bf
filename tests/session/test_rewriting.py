"""Addresses get their names in the session: envelopes for everybody, headers for our own people."""

from __future__ import annotations

import pytest

from pymta.mail.edits import edited
from pymta.mail.envelope import Recipient
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Answer, Unsure
from pymta.tables.text import TextTable
from tests.doubles.house import HOST, House, usual_settings
from tests.doubles.memory_spool import Kept

CANONICAL = """\
user              postmaster
old@sender.test   new@sender.test
moved             moved@elsewhere.example
letters           jörg@sender.test
odd@sender.test   a b
"""
HEADER = "From: Old <old@sender.test>\r\nTo: user@localhost,\r\n x@host.sender.test\r\n"


class Dead:
    def lookup(self, _: str) -> Answer:
        return Unsure("the table is away")


def house(**options: object) -> House:
    settings = usual_settings(
        canonical=("/etc/pymta/canonical",), masquerade_domains=("sender.test",), **options
    )
    tables = AddressTables(canonical=TextTable("canonical", CANONICAL))
    return House(settings, address_tables=tables, name_of=lambda _: "alice", trusts=True)


def say(made: House, *lines: str, caller: str = "192.0.2.7", is_here: bool = False) -> list[str]:
    with made.call_from_here() if is_here else made.call(caller) as guest:
        guest.hear()
        return guest.ask("EHLO x.test", *lines)[1:]


def sent(made: House, **how: object) -> Kept:
    """A message that was taken, to the user, by old@sender.test."""
    commands = ("MAIL FROM:<old@sender.test>", "RCPT TO:<user@localhost>", "DATA")
    said = say(made, *commands, f"{HEADER}\r\nTo: user@localhost\r\n.", **how)  # type: ignore[arg-type]
    assert [reply[:3] for reply in said] == ["250", "250", "354", "250"], said
    return made.spool.stored[-1]


def shown(message: Kept) -> str:
    """As it will be sent."""
    return b"".join(edited([message.body], message.seal.edits)).decode()


def test_the_envelope_has_the_names_that_count() -> None:
    envelope = sent(house()).envelope
    assert envelope.sender == "new@sender.test"
    # RFC 3461 s5.2.1: which one it was goes on to whoever wants to know.
    recipient = Recipient(f"postmaster@{HOST}", orcpt="rfc822;user@localhost")
    assert envelope.recipients == (recipient,)


def test_what_they_are_called_is_told_to_whoever_wants_to_know() -> None:
    made = house()
    sent(made)
    texts, kinds = made.log.texts(), [event.selector for event in made.log.events]
    who = "H=(x.test) [192.0.2.7]"
    assert texts[:2] == [
        f"{who} MAIL <old@sender.test> is called <new@sender.test>",
        f"{who} RCPT <user@localhost> is called <postmaster@{HOST}>",
    ]
    assert kinds[:2] == ["address_rewrite"] * 2
    fields = made.log.events[1].fields
    assert (fields["RECIPIENT"], fields["TO"]) == ("user@localhost", f"postmaster@{HOST}")


def test_a_header_of_others_stays_what_they_wrote() -> None:
    """What they have signed is theirs."""
    message = sent(house())
    assert message.seal.edits == ()
    assert HEADER in message.body.decode()


@pytest.mark.parametrize("how", [{"is_here": True}, {"caller": "127.0.0.1"}, {"caller": "::1"}])
def test_a_header_of_our_own_people_has_the_names_that_count(how: dict[str, object]) -> None:
    """It is kept as it came, and changes when it is sent."""
    message = sent(house(), **how)
    assert HEADER in message.body.decode()
    assert shown(message) == (
        f"From: Old <new@sender.test>\r\nTo: postmaster@{HOST},\r\n x@sender.test\r\n"
        "\r\nTo: user@localhost\r\n"
    )


def test_other_hosts_may_be_among_them() -> None:
    named = house(header_rewrite_hosts=("192.0.2.0/24",))
    assert "new@sender.test" in shown(sent(named))
    assert shown(sent(named, caller="127.0.0.1")) == shown(sent(house(), caller="192.0.2.7"))


def test_fields_that_we_add_have_them_as_well() -> None:
    made = house(qualify_domain="host.sender.test")
    lines = ("MAIL FROM:<someone>", "RCPT TO:<user@localhost>", "DATA", "Subject: x\r\n\r\n.")
    say(made, *lines, is_here=True)
    (message,) = made.spool.stored
    assert "From: <someone@sender.test>\r\n" in message.seal.on_top


def test_what_is_named_elsewhere_goes_there_and_nothing_else_does() -> None:
    """The operator has said so; to the other address itself nobody else may send."""
    lines = (
        "MAIL FROM:<a@b.test>",
        "RCPT TO:<moved@localhost>",
        "RCPT TO:<moved@elsewhere.example>",
    )
    made = house()
    assert [reply[:3] for reply in say(made, *lines)] == ["250", "250", "550"]


def test_one_that_is_named_by_two_names_gets_it_once() -> None:
    made = house()
    commands = ("MAIL FROM:<a@b.test>", "RCPT TO:<user@localhost>", f"RCPT TO:<postmaster@{HOST}>")
    say(made, *commands, "DATA", "x: y\r\n\r\n.")
    assert len(made.spool.stored[0].envelope.recipients) == 1


def test_a_name_that_the_message_cannot_have_is_left_out() -> None:
    """RFC 6531: without SMTPUTF8."""
    made = house(local_parts=("letters",))
    say(
        made,
        "MAIL FROM:<letters@localhost>",
        "RCPT TO:<letters@localhost>",
        "DATA",
        "x: y\r\n\r\n.",
    )
    envelope = made.spool.stored[0].envelope
    assert (envelope.sender, envelope.recipients[0].address) == ("letters@localhost",) * 2


@pytest.mark.parametrize("is_here", [True, False])
def test_a_table_that_cannot_be_asked_makes_everybody_wait(is_here: bool) -> None:
    """Later nobody would ask it any more, so a user of this machine has to wait as well."""
    made = house()
    made.address_tables = AddressTables(canonical=Dead())
    (reply,) = say(made, "MAIL FROM:<old@sender.test>", is_here=is_here)
    assert reply.startswith("451 4.3.0 ")
    made.address_tables = AddressTables(recipient_canonical=Dead())
    said = say(made, "MAIL FROM:<a@b.test>", "RCPT TO:<user@localhost>", is_here=is_here)
    assert said[1].startswith("451 4.3.0 ")
    assert any("the table is away" in line for line in made.log.texts())


def test_so_does_one_about_which_nobody_can_tell_in_the_header() -> None:
    made = house()
    lines = ("MAIL FROM:<a@b.test>", "RCPT TO:<user@localhost>", "DATA")
    said = say(made, *lines, "From: odd@sender.test\r\n\r\n.", is_here=True)
    assert said[-1].startswith("451 4.3.0 ")
    assert made.spool.stored == []
    assert made.spool.open == set()
    assert any("canonical:5: 'a b' is no address" in line for line in made.log.texts())


def test_the_null_sender_and_the_bare_postmaster_stay() -> None:
    made = house()
    made.address_tables = AddressTables(canonical=Dead())
    said = say(made, "MAIL FROM:<>", "RCPT TO:<postmaster>")
    assert [reply[:3] for reply in said] == ["250", "250"]


def test_vrfy_knows_them_by_it() -> None:
    made = house(smtp_vrfy_hosts=("*",))
    assert say(made, "VRFY user@localhost") == [f"250 2.1.5 <postmaster@{HOST}>"]


def test_without_settings_nothing_is_asked_or_changed() -> None:
    made = House(usual_settings(), address_tables=AddressTables(canonical=Dead()))
    message = sent(made, caller="127.0.0.1")
    assert (message.envelope.sender, message.seal.edits) == ("old@sender.test", ())
