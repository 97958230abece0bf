"""As whom a user of this machine may send, and what his mail gets on its way."""

from __future__ import annotations

import pytest

from pymta.accounts.account import Unsure
from pymta.config.rights import Person
from pymta.session.own_user import is_trusted_user
from tests.doubles.house import House, usual_settings
from tests.doubles.memory_spool import Kept

ALICE = "alice@d.test"


def house(*, trusts: bool = False, **options: object) -> House:
    settings = usual_settings(**({"qualify_domain": "d.test"} | options))
    return House(settings, name_of=lambda _: "alice", trusts=trusts)


def sent(made: House, sender: str, header: str = "", to: str = "far@away.example") -> Kept:
    """A message that was taken."""
    with made.call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO x.test")
        said = guest.ask(f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "DATA")
        assert [reply[:3] for reply in said] == ["250", "250", "354"], said
        assert guest.ask(f"{header}\r\nhi\r\n.")[0].startswith("250 ")
    return made.spool.stored[-1]


def fields(message: Kept) -> list[str]:
    """Those that were put on top, but for Received."""
    return [one.rstrip("\r\n") for one in message.seal.on_top[1:]]


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [
        ("boss@elsewhere.example", ALICE),
        ("root", ALICE),
        ("bob@localhost", ALICE),
        ("alice", ALICE),
        ("Alice@localhost", "Alice@localhost"),
        ("", ""),
        ("team@e.test", "team@e.test"),
    ],
)
def test_he_is_the_sender_of_his_mail_whatever_he_says(asked: str, becomes: str) -> None:
    """Item 9: whose addresses are his own is said by auth_senders, too."""
    made = house(auth_senders={"alice": ["team@e.test"]})

    assert sent(made, asked).envelope.sender == becomes


def test_what_becomes_of_another_address_is_told_in_the_reply() -> None:
    with house().call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO x.test")
        said = guest.ask("MAIL FROM:<boss@x.test>", "RSET", "MAIL FROM:<alice>")
    assert said[0] == f"250 2.1.0 OK, but from <{ALICE}>"
    assert said[2] == "250 2.1.0 OK"


def test_whom_the_operator_trusts_sends_as_anybody() -> None:
    message = sent(house(trusts=True), "boss@x.test", "From: boss@x.test\r\nSender: who@x.test\r\n")

    assert message.envelope.sender == "boss@x.test"
    assert b"Sender: who@x.test" in message.body
    assert not [one for one in fields(message) if one.startswith("Sender")]


def test_senders_that_everybody_may_give_are_a_list_of_addresses() -> None:
    made = house(untrusted_set_sender=("!ceo@x.test", "x.test"))

    assert sent(made, "shop@x.test").envelope.sender == "shop@x.test"
    assert sent(made, "ceo@x.test").envelope.sender == ALICE
    assert sent(made, "shop@y.test").envelope.sender == ALICE


@pytest.mark.parametrize(
    ("header", "added"),
    [
        ("From: boss@x.test\r\n", f"Sender: <{ALICE}>"),
        ("From: alice@d.test, boss@x.test\r\n", f"Sender: <{ALICE}>"),
        ("From: nobody can read that\r\n", f"Sender: <{ALICE}>"),
        ("From: Alice <alice@localhost>\r\n", ""),
        ("From: alice@d.test\r\n", ""),
        ("From: alice@d.test\r\nFrom: boss@x.test\r\n", f"Sender: <{ALICE}>"),
        (f"From: {ALICE}\r\nFrom: boss@x.test\r\nFrom: {ALICE}\r\n", f"Sender: <{ALICE}>"),
        ("From: alice@d.test\r\nno field\r\nFrom: boss@x.test\r\n", f"Sender: <{ALICE}>"),
        ("Resent-From: alice@d.test\r\nFrom: boss@x.test\r\n", ""),
        ("Resent-From: alice@d.test\r\nResent-From: b@x.test\r\n", ""),
        ("Resent-From: b@x.test\r\nFrom: boss@x.test\r\n", f"Resent-Sender: <{ALICE}>"),
    ],
)
def test_a_sender_field_says_whose_it_is_when_from_does_not(header: str, added: str) -> None:
    """RFC 5322 s3.6.2"""
    message = sent(house(), "alice", header)

    assert [one for one in fields(message) if "Sender" in one] == ([added] if added else [])


def test_a_sender_field_of_his_own_making_is_left_out() -> None:
    message = sent(house(), "alice", "From: boss@x.test\r\nSender: boss@x.test\r\nTo: a@b.test\r\n")

    assert message.body == b"From: boss@x.test\r\nTo: a@b.test\r\n\r\nhi\r\n"
    assert f"Sender: <{ALICE}>" in fields(message)


def test_the_check_of_from_can_be_turned_off() -> None:
    made = house(local_from_check=False)
    message = sent(made, "alice", "From: boss@x.test\r\nSender: boss@x.test\r\n")

    assert b"Sender: boss@x.test" in message.body
    assert not [one for one in fields(message) if "Sender" in one]


def test_what_a_message_must_have_is_added() -> None:
    """RFC 6409 s8"""
    names = [one.partition(":")[0] for one in fields(sent(house(), "alice"))]

    assert names == ["Date", "From", "Message-ID"]
    assert f"From: <{ALICE}>" in fields(sent(house(), "alice"))


def test_addresses_without_a_domain_get_ours_and_those_of_hosts_do_not() -> None:
    made = house(trusts=True)
    assert sent(made, "cron", to="far").envelope.recipients[0].address == "far@d.test"

    with made.call() as guest:
        guest.hear()
        guest.ask("EHLO x.test")
        assert guest.ask("MAIL FROM:<cron>")[0].startswith("501 ")


def test_a_recipient_of_whom_nobody_can_tell_is_taken_and_the_delivery_waits() -> None:
    """A table that cannot be asked means later; few programs that send mail know what that is."""
    made = house(local_users=True)
    made.find = lambda _: Unsure("the account list is not there")

    assert sent(made, "alice", to="bob@localhost").envelope.recipients[0].address == "bob@localhost"


def test_mail_that_is_to_wait_is_not_handed_on() -> None:
    """sendmail -odq, -odqs"""
    made = house()
    for words in (" XDELIVERY=QUEUE", " XDELIVERY=local", ""):
        with made.call_from_here() as guest:
            guest.hear()
            guest.ask("EHLO x.test", f"MAIL FROM:<alice>{words}", "RCPT TO:<a@b.test>", "DATA", ".")
            guest.ask("QUIT")
            guest.status()
    ids = [message.id for message in made.spool.stored]

    assert [(one.id, one.reach.name, one.destination) for one in made.handed_on] == [
        (ids[1], "NO_SMTP", ""),
        (ids[2], "NEW", "b.test"),
    ]


def test_only_users_of_this_machine_are_offered_what_is_for_them() -> None:
    made = house()
    with made.call() as guest:
        guest.hear()
        assert "\n250-X" not in guest.ask("EHLO x.test")[0]
        assert guest.ask("MAIL FROM:<a@b.test> XDELIVERY=QUEUE")[0].startswith("555 ")
    with made.call_from_here() as guest:
        guest.hear()
        hello = guest.ask("EHLO x.test")[0]
        assert "-XQUALIFY d.test\n" in hello
        assert guest.ask("MAIL FROM:<a@b.test> XDELIVERY=NEVER")[0].startswith("501 ")


@pytest.mark.parametrize(
    ("uid", "gids", "name", "is_so"),
    [
        (0, (0,), "root", True),
        (990, (990,), "pymta", True),
        (33, (33,), "www-data", True),
        (34, (34,), "backup", True),
        (1000, (1000, 27), "alice", True),
        (1000, (1000,), "alice", False),
        (65534, (65534,), "nobody", False),
    ],
)
def test_root_the_daemon_and_whom_settings_name_are_trusted(
    uid: int, gids: tuple[int, ...], name: str, is_so: bool
) -> None:
    settings = usual_settings(trusted_users=("www-data", "34"), trusted_gids=(27,))

    assert is_trusted_user(Person(uid, frozenset(gids)), name, 990, settings) is is_so
