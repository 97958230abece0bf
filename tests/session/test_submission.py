"""Mail of users (RFC 6409): who may send, as whom, how much, and what their mail is given."""

from __future__ import annotations

import pytest

from pymta.config.launch import Launch
from pymta.config.listen import Listen
from pymta.config.settings import Settings
from pymta.sasl.plain import Passwords
from tests.doubles.certificates import Certificate
from tests.doubles.house import DATE, HOST, Guest, House, usual_settings
from tests.doubles.logins import MemoryAccounts, plain

NEEDS_LOGIN = "530 5.7.0 Authentication required"
NOT_HIS = "550 5.7.1 sender address not permitted for this account"
FROM = "MAIL FROM:<alice@example.org>"
HEADER = "From: alice@example.org\r\nDate: x\r\nMessage-ID: <1@client.example>\r\n"
KNOWN = {"alice@example.org": "wonder land", "bob": "builder"}


def house_of(role: str = "submission", **settings: object) -> House:
    usual = {
        "auth_without_tls_hosts": ("*",),
        "auth_failure_delay": 0,
        "auth_senders": {"alice@example.org": ["sales@example.org"]},
    }
    return House(
        usual_settings(**usual | settings),
        back_end=Passwords([MemoryAccounts(dict(KNOWN))]),
        role=role,
    )


def logged_in(guest: Guest, name: str = "alice@example.org") -> Guest:
    guest.hear()
    assert (
        guest.ask("EHLO client.example", f"AUTH PLAIN {plain(name, KNOWN[name])}")[1][:3] == "235"
    )
    return guest


def send(guest: Guest, text: str = HEADER, sender: str = "alice@example.org") -> str:
    """The last reply."""
    return guest.ask(
        f"MAIL FROM:<{sender}>", "RCPT TO:<x@far.example>", "DATA", f"{text}\r\nhi\r\n."
    )[-1]


@pytest.mark.parametrize("role", ["submission", "submissions"])
def test_who_has_not_logged_in_sends_nothing(role: str) -> None:
    """RFC 6409 s4.3; not even to us, and not even from a trusted network."""
    house = house_of(role)
    with house.call("127.0.0.1") as guest:
        guest.hear()
        replies = guest.ask(
            "EHLO client.example", FROM, "RCPT TO:<user@localhost>", "VRFY x", "QUIT"
        )
    assert replies[1] == NEEDS_LOGIN
    assert [reply[:3] for reply in replies[2:]] == ["503", "252", "221"]
    (line,) = house.log.texts()
    assert line == "H=(client.example) [127.0.0.1] rejected MAIL command: Authentication required"


def test_who_has_to_begin_tls_before_he_can_log_in_is_told_that(certificate: Certificate) -> None:
    """RFC 3207 s4"""
    house = house_of(auth_without_tls_hosts=())
    house.starttls = certificate.shown()
    with house.call() as guest:
        guest.hear()
        assert guest.ask("EHLO client.example", FROM)[1] == (
            "530 5.7.0 Must issue a STARTTLS command first"
        )
        guest.ask("STARTTLS")
        guest.start_tls(certificate.client())
        assert guest.ask("EHLO client.example", FROM)[1] == NEEDS_LOGIN
        guest.ask(f"AUTH PLAIN {plain('bob', 'builder')}")
        assert guest.ask(f"MAIL FROM:<bob@{HOST}>") == ["250 2.1.0 OK"]


def test_who_has_logged_in_may_send_anywhere() -> None:
    house = house_of()
    with house.call() as guest:
        assert send(logged_in(guest)).startswith("250 ")
    (kept,) = house.spool.stored
    assert [one.address for one in kept.envelope.recipients] == ["x@far.example"]


@pytest.mark.parametrize(
    ("may", "reply"), [(True, "250"), (False, "550 5.7.1 relay not permitted")]
)
def test_on_a_port_for_other_hosts_too_if_that_is_wanted(may: bool, reply: str) -> None:
    house = house_of("smtp", relay_authenticated=may)
    with house.call() as guest:
        logged_in(guest).ask(FROM)
        assert guest.ask("RCPT TO:<x@far.example>")[0].startswith(reply)
        assert guest.ask("RCPT TO:<user@localhost>")[0].startswith("250")


def test_nobody_who_has_not_logged_in_relays_because_others_may() -> None:
    with house_of("smtp").call() as guest:
        guest.hear()
        replies = guest.ask("EHLO client.example", FROM, "RCPT TO:<x@far.example>")
    assert replies[2] == "550 5.7.1 relay not permitted"


@pytest.mark.parametrize("role", ["submission", "smtp"])
@pytest.mark.parametrize(
    ("sender", "is_his"),
    [
        ("alice@example.org", True),
        ("Alice@Example.ORG", True),
        ("sales@example.org", True),
        ("", True),
        ("bob@example.org", False),
        (f"alice@{HOST}", False),
    ],
)
def test_an_account_sends_as_nobody_else(role: str, sender: str, is_his: bool) -> None:
    house = house_of(role)
    with house.call() as guest:
        reply = logged_in(guest).ask(f"MAIL FROM:<{sender}>")[0]
    assert reply == ("250 2.1.0 OK" if is_his else NOT_HIS)
    assert any(" rejected MAIL <" in text for text in house.log.texts()) is not is_his


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("From: alice@example.org", ""),
        ("From: Alice <ALICE@example.org>", ""),
        ("From: Sales <sales@example.org>,\r\n\talice@example.org", ""),
        ("From: Boss <boss@example.org>\r\nSender: alice@example.org", "From"),
        ("From: boss@example.org", "From"),
        ("FROM : boss@example.org", "From"),
        ("From:\r\n boss@example.org", "From"),
        ("From: alice@example.org, boss@example.org", "From"),
        ("From: alice@example.org\r\nSender: boss@example.org", "Sender"),
        ("From: alice@example.org\r\nFrom: boss@example.org", "more than one"),
        ("From: alice@example.org\r\nX: y\r\nfrom: alice@example.org", "more than one"),
        ("From: boss@example.org <alice@example.org>", "cannot make out"),
        ("From: alice@example.org\r\nno field\r\nFrom: boss@example.org", "From behind a line"),
        (f"{'x' * 1200}: y\r\nSender : boss@example.org", "Sender behind a line"),
        ("no field\r\nX: y\r\n\r\nFrom: boss@example.org", ""),
        (f"From: {'x' * 1200} <alice@example.org>", "cannot make out"),
        ("From: " + "\r\n ".join(["x" * 900] * 10) + " <alice@example.org>", "cannot make out"),
    ],
)
def test_the_header_says_whose_mail_it_is(field: str, why: str) -> None:
    """RFC 6409 s8.1"""
    house = house_of()
    with house.call() as guest:
        reply = send(logged_in(guest), f"{field}\r\nSubject: x\r\n")
    if not why:
        assert reply.startswith("250 ")
        return
    assert reply.startswith("550 5.7.1 ")
    assert why in reply
    assert not house.spool.messages
    assert house.log.texts()[0].startswith("rejected from <alice@example.org> H=(client.example) ")


def test_the_header_may_say_what_it_likes_where_that_is_wanted() -> None:
    with house_of(submission_check_from=False).call() as guest:
        assert send(logged_in(guest), "From: boss@example.org\r\n").startswith("250 ")


def test_what_other_hosts_send_says_what_it_likes() -> None:
    house = house_of("smtp")
    with house.call("127.0.0.1") as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        assert send(guest, "Subject: x\r\n").startswith("250 ")
    (kept,) = house.spool.stored
    assert len(kept.seal.on_top) == 1


def test_what_a_message_lacks_is_added_on_top() -> None:
    """RFC 6409 s8: Date, From, Message-ID; what came stays as it came."""
    house = house_of(log_selector=("+msg_id", "+msg_id_created"))
    with house.call() as guest:
        send(logged_in(guest), "Subject: x\r\nBcc: y@far.example\r\n")
        send(guest, HEADER)
        send(guest, "Date: y\r\n", sender="")
    first, whole, third = house.spool.stored
    received, *added = first.seal.on_top
    assert received.startswith("Received: ")
    assert added == [
        f"Date: {DATE}\r\n",
        "From: <alice@example.org>\r\n",
        f"Message-ID: <E{first.id}@{HOST}>\r\n",
    ]
    assert first.body == b"Subject: x\r\nBcc: y@far.example\r\n\r\nhi\r\n"
    assert first.seal.message_id == f"E{first.id}@{HOST}"
    assert len(whole.seal.on_top) == 1
    assert third.seal.on_top[1] == "From: <alice@example.org>\r\n"
    ids = [text.partition(" id")[2] for text in house.log.texts()]
    assert ids == [f"*=E{first.id}@{HOST}", "=1@client.example", f"*=E{third.id}@{HOST}"]


def test_policy_sees_what_is_added() -> None:
    """Else a rule for strangers who send half a header would turn users away."""
    rule = {"name": "r", "header_missing": ["From", "Date", "Message-ID"], "action": "refuse"}
    house = house_of(policy={"data": [rule]})
    with house.call() as guest:
        assert send(logged_in(guest), "Subject: x\r\n")[:3] == "250"
    (kept,) = house.spool.stored
    assert len(kept.seal.on_top) == 4


def test_an_account_without_a_domain_is_at_our_own_name() -> None:
    house = house_of()
    with house.call() as guest:
        send(logged_in(guest, "bob"), "Subject: x\r\n", sender="")
    (kept,) = house.spool.stored
    assert f"From: <bob@{HOST}>\r\n" in kept.seal.on_top


def test_a_name_that_has_to_be_quoted_is() -> None:
    house = House(role="local", name_of=lambda _: "web server")
    with house.call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO here", "MAIL FROM:<>", "RCPT TO:<user@localhost>", "DATA", ".")
    (kept,) = house.spool.stored
    assert f'From: <"web server"@{HOST}>\r\n' in kept.seal.on_top


def test_a_name_beyond_ascii_is_added_only_where_the_header_may_have_it() -> None:
    """RFC 6532: to a message that did not ask for SMTPUTF8."""
    house = House(role="local", name_of=lambda _: "jörg")
    with house.call_from_here() as guest:
        guest.hear()
        for parameter in ("", " SMTPUTF8"):
            guest.ask(
                "EHLO here", f"MAIL FROM:<>{parameter}", "RCPT TO:<user@localhost>", "DATA", "."
            )
    plain, letters = house.spool.stored
    assert [line[:5] for line in plain.seal.on_top] == ["Recei", "Date:", "Messa"]
    assert f"From: <jörg@{HOST}>\r\n" in letters.seal.on_top


def test_users_of_this_machine_have_their_mail_completed_too() -> None:
    house = House(role="local", name_of=lambda uid: "carol" if uid == 1000 else str(uid))
    with house.call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO here", "MAIL FROM:<>", "RCPT TO:<user@localhost>", "DATA")
        guest.ask("Subject: x\r\n\r\nhi\r\n.")
    (kept,) = house.spool.stored
    assert kept.seal.on_top[1:] == (
        f"Date: {DATE}\r\n",
        f"From: <carol@{HOST}>\r\n",
        f"Message-ID: <E{kept.id}@{HOST}>\r\n",
    )


def test_users_have_limits_of_their_own() -> None:
    house = house_of(submission_size_limit=100, submission_recipients_max=2, recipients_max=9)
    with house.call() as guest:
        guest.hear()
        assert "\n250-SIZE 100\n" in guest.ask("EHLO client.example")[0]
        guest.ask(f"AUTH PLAIN {plain('bob', 'builder')}", f"MAIL FROM:<bob@{HOST}>")
        replies = guest.ask(*(f"RCPT TO:<{n}@far.example>" for n in range(3)))
        assert [reply[:3] for reply in replies] == ["250", "250", "452"]
        assert guest.ask("DATA", "x" * 200 + "\r\n.")[1].startswith("552 ")
    house.role = "smtp"
    with house.call() as guest:
        guest.hear()
        assert "\n250-SIZE 52428800\n" in guest.ask("EHLO client.example")[0]


def test_an_account_sends_so_much_in_a_time_over_all_connections() -> None:
    house = house_of(submission_rate=3)
    for expected in (["250", "250"], ["250", "450"]):
        with house.call() as guest:
            logged_in(guest).ask(FROM)
            replies = guest.ask("RCPT TO:<a@far.example>", "RCPT TO:<b@far.example>")
            assert [reply[:3] for reply in replies] == expected
    (line,) = (text for text in house.log.texts() if " rejected RCPT " in text)
    assert line.endswith(
        "rejected RCPT <b@far.example>: too many recipients of this account: max=3 in 1h"
    )
    with house.call() as guest:
        logged_in(guest, "bob").ask(f"MAIL FROM:<bob@{HOST}>")
        assert guest.ask("RCPT TO:<a@far.example>")[0].startswith("250 ")
    house.clients.now += 2 * 3600
    with house.call() as guest:
        logged_in(guest).ask(FROM)
        assert guest.ask("RCPT TO:<b@far.example>")[0].startswith("250 ")


@pytest.mark.parametrize(
    ("port", "tls_ports", "role"),
    [
        (25, (), "smtp"),
        (587, (), "submission"),
        (465, ("465",), "submissions"),
        (465, (), "submission"),
    ],
)
def test_a_port_of_our_own_is_for_users_by_its_number(
    port: int, tls_ports: tuple[str, ...], role: str
) -> None:
    settings = Settings(listen=Listen(tls_on_connect_ports=tls_ports), launch=Launch())

    assert settings.own_role(port) == role
