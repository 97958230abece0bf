"""A session with a host that speaks for others (XCLIENT)."""

from __future__ import annotations

import pytest

from pymta.load.reading import Load
from tests.doubles.certificates import Certificate
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.memory_dns import MemoryDns
from tests.doubles.ruled_house import ruled

PEER = "198.51.100.9"
NOT_ALLOWED = "550 5.7.0 insufficient authorization"
KEYWORD = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"


def trusting(**options: object) -> House:
    house = House(usual_settings(hosts_xclient=(PEER,), **options))
    house.dns = MemoryDns(
        {"192.0.2.7": ["found.client.example"]}, {"found.client.example": ["192.0.2.7"]}
    )
    return house


def greeted(house: House, caller: str = PEER) -> Guest:
    guest = house.call(caller)
    assert guest.hear().startswith("220 ")
    return guest


def ask(guest: Guest, *lines: str) -> str:
    return guest.ask(*lines)[-1]


def test_only_whom_we_trust_is_offered_it_and_may_say_it() -> None:
    house = trusting()
    with greeted(house) as guest:
        assert f"\n250-{KEYWORD}\n" in ask(guest, "EHLO gate.example")
    with greeted(house, "192.0.2.7") as guest:
        assert "XCLIENT" not in ask(guest, "EHLO client.example")
        assert ask(guest, "XCLIENT ADDR=127.0.0.1") == NOT_ALLOWED
        assert ask(guest, "MAIL FROM:<>", "RCPT TO:<x@far.example>").startswith("550 5.7.1")


def test_without_the_setting_nobody_is_trusted() -> None:
    with greeted(House(), "127.0.0.1") as guest:
        assert "XCLIENT" not in ask(guest, "EHLO gate.example")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7") == NOT_ALLOWED


def test_a_user_of_this_machine_is_who_the_kernel_says_he_is() -> None:
    house = House(usual_settings(hosts_xclient=("*",)))
    with house.call_from_here() as guest:
        guest.hear()
        assert "XCLIENT" not in ask(guest, "EHLO here.example")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7") == NOT_ALLOWED


def test_the_client_is_the_one_it_names() -> None:
    house = trusting(log_selector=("+incoming_port", "+proxy", "+incoming_interface"))
    with greeted(house) as guest:
        ask(guest, "EHLO gate.example")
        assert ask(
            guest,
            "XCLIENT ADDR=192.0.2.7 PORT=40999 NAME=mail.client.example HELO=helo.client.example"
            " PROTO=SMTP DESTADDR=203.0.113.1 DESTPORT=2525",
        ).startswith(f"220 {HOST} ESMTP ")
        assert ask(guest, "MAIL FROM:<a@client.example>") == "250 OK"  # and no enhanced code
        ask(guest, "RCPT TO:<user@localhost>", "DATA")
        ask(guest, ".")

    message = house.spool.stored[0]
    client = message.envelope.client
    assert (client.address, client.port) == ("192.0.2.7", 40999)
    assert (client.helo, client.protocol) == ("helo.client.example", "smtp")
    assert "from helo.client.example (mail.client.example [192.0.2.7])" in message.seal.on_top[0]
    assert house.log.texts()[0].startswith(
        "<= a@client.example H=mail.client.example (helo.client.example) [192.0.2.7]:40999"
        " I=[203.0.113.1]:2525 P=smtp PRX=198.51.100.9 S="
    )
    assert house.log.events[0].fields["PROXY"] == PEER


def test_the_session_begins_anew() -> None:
    """What the peer has said of itself is not said of the client."""
    with greeted(trusting()) as guest:
        ask(guest, "EHLO gate.example")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7").startswith("220 ")
        assert ask(guest, "MAIL FROM:<>") == "503 HELO or EHLO required"
        assert "Hello client.example [192.0.2.7]" in ask(guest, "EHLO client.example")
        assert ask(guest, "MAIL FROM:<>") == "250 2.1.0 OK"
        assert ask(guest, "XCLIENT ADDR=192.0.2.8") == "503 5.5.1 mail transaction in progress"
        ask(guest, "RSET")
        assert ask(guest, "XCLIENT ADDR=192.0.2.8").startswith("220 ")
        assert "[192.0.2.8]" in ask(guest, "EHLO client.example")


def test_what_was_offered_to_the_peer_is_not_offered_to_him() -> None:
    """N-25: he need not say EHLO, but without it he has no extensions."""
    house = trusting(hosts_require_helo=())
    with greeted(house) as guest:
        ask(guest, "EHLO gate.example")
        ask(guest, "XCLIENT ADDR=192.0.2.7")
        assert ask(guest, "MAIL FROM:<> RET=HDRS").startswith("555 ")
        assert ask(guest, "MAIL FROM:<>").startswith("250 ")


def test_it_may_be_said_before_ehlo_and_again() -> None:
    """The right is that of the connection, whoever it stands for."""
    with greeted(trusting()) as guest:
        assert ask(guest, "XCLIENT ADDR=127.0.0.1").startswith("220 ")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7").startswith("220 ")
        assert KEYWORD in ask(guest, "EHLO client.example")


def test_behind_tls_he_introduces_himself_again(certificate: Certificate) -> None:
    """RFC 3207 s4.2: also who was introduced by the host before us."""
    house = trusting()
    house.starttls = certificate.shown()
    with greeted(house) as guest:
        ask(guest, "XCLIENT ADDR=192.0.2.7 HELO=client.example PROTO=ESMTP")
        assert ask(guest, "MAIL FROM:<>") == "250 2.1.0 OK"
        ask(guest, "EHLO client.example", "STARTTLS")
        guest.start_tls(certificate.client())
        assert ask(guest, "MAIL FROM:<>") == "503 HELO or EHLO required"


def test_a_login_is_the_one_that_was_told_and_not_that_of_the_peer() -> None:
    house = trusting()
    with greeted(house) as guest:
        ask(guest, "XCLIENT ADDR=192.0.2.7 LOGIN=alice+3Dx HELO=client.example PROTO=ESMTP")
        ask(guest, f"MAIL FROM:<alice=x@{HOST}>", "RCPT TO:<user@localhost>", "DATA")
        ask(guest, ".")
        assert ask(guest, "AUTH PLAIN").startswith("503 ")
        ask(guest, "XCLIENT ADDR=192.0.2.8 HELO=client.example PROTO=ESMTP")
        ask(guest, "MAIL FROM:<b@client.example>", "RCPT TO:<user@localhost>", "DATA")
        ask(guest, ".")

    first, second = (text for text in house.log.texts() if text.startswith("<= "))
    assert " P=esmtpa A=XCLIENT:alice=x " in first
    assert " P=esmtp " in second
    assert " A=" not in second


def test_a_login_is_compared_like_one_that_we_have_checked() -> None:
    house = trusting()
    with greeted(house) as guest:
        told = "ADDR=192.0.2.7 HELO=client.example PROTO=ESMTP"
        for account in ("alice+20smith", "alice+3Asmith"):
            wrong = ask(guest, f"XCLIENT {told} LOGIN={account}")
            assert wrong == "501 invalid value of LOGIN"
        ask(guest, f"XCLIENT {told} LOGIN=Alice@Client.Example")
        assert ask(guest, "MAIL FROM:<bob@client.example>").startswith("550 5.7.1 ")
        assert ask(guest, "MAIL FROM:<alice@client.example>") == "250 2.1.0 OK"


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
def test_rights_are_those_of_the_client(address: str) -> None:
    """relay_from_hosts has 127.0.0.1 only, and neither the peer nor the other."""
    house = trusting()
    with greeted(house) as guest:
        ask(guest, f"XCLIENT ADDR={address}")
        ask(guest, "EHLO client.example", "MAIL FROM:<>")
        reply = ask(guest, "RCPT TO:<x@far.example>")

    assert reply[:3] == ("250" if address == "127.0.0.1" else "550")


def test_an_attribute_that_is_not_named_stays() -> None:
    house = trusting()
    with greeted(house) as guest:
        assert ask(guest, "XCLIENT NAME=mail.client.example").startswith("220 ")
        assert f"[{PEER}]" in ask(guest, "EHLO client.example")


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("", True),
        (" NAME=other.example", False),
        (" NAME=x.client.example", True),
        (" NAME=[UNAVAILABLE]", False),
        (" NAME=[TEMPUNAVAIL]", False),
    ],
)
def test_lists_of_hosts_know_him_by_the_name_that_was_told(name: str, is_refused: bool) -> None:
    """And look it up when none was."""
    house = trusting(host_reject_connection=("*.client.example",))
    with greeted(house) as guest:
        reply = ask(guest, f"XCLIENT ADDR=192.0.2.7{name}")

        assert reply == "554 SMTP service not available" if is_refused else reply[:3] == "220"
        if is_refused:
            assert guest.hear_all() == ""
    assert ("192.0.2.7" in house.dns.asked) == (not name)


@pytest.mark.parametrize("action", ["refuse", "drop"])
def test_policy_is_asked_about_what_he_has_called_himself(action: str) -> None:
    """He need not say EHLO, where it would be."""
    rule = {"helo": [".bulk.example"], "action": action, "text": "not you"}
    house = ruled("helo", rule, hosts_xclient=(PEER,))
    with greeted(house) as guest:
        ask(guest, "EHLO gate.example")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7 HELO=good.example").startswith("220 ")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7 HELO=mx.bulk.example") == "550 not you"
        assert guest.hear_all() == ""
    assert house.log.texts() == [
        "H=(mx.bulk.example) [192.0.2.7] rejected EHLO or HELO mx.bulk.example: not you (rule r1)"
    ]


def test_a_name_is_looked_up_when_none_is_told() -> None:
    house = trusting(host_lookup=("192.0.2.7",), log_selector=("+smtp_connection",))
    with greeted(house) as guest:
        ask(guest, "XCLIENT ADDR=192.0.2.7", "QUIT")
        guest.status()

    assert house.log.texts()[0] == (f"SMTP connection from [{PEER}] speaks for ADDR=192.0.2.7")
    assert house.log.texts()[1].startswith("SMTP connection from found.client.example [192.0.2.7] ")


def test_the_log_says_who_spoke_for_a_client_who_is_refused() -> None:
    house = trusting(log_selector=("+smtp_connection",), host_reject_connection=("192.0.2.7",))
    with greeted(house) as guest:
        assert ask(guest, "XCLIENT ADDR=192.0.2.7") == "554 SMTP service not available"
        guest.status()

    first, second, *_ = house.log.texts()
    assert first == f"SMTP connection from [{PEER}] speaks for ADDR=192.0.2.7"
    assert "[192.0.2.7]" in second
    assert "host_reject_connection" in second


def test_he_is_judged_by_the_load_as_if_he_had_called() -> None:
    """LM-08"""
    house = trusting(smtp_load_reserve=1.0, smtp_reserve_hosts=(PEER,))
    house.load = Load(2.0)
    with greeted(house) as guest:
        assert ask(guest, "XCLIENT ADDR=192.0.2.7") == (
            f"421 {HOST}: Too much load; please try again later"
        )


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("", "XCLIENT must have an attribute"),
        (" FOO=alice", "unknown attribute"),
        (" ADDR=[UNAVAILABLE]", "invalid value of ADDR"),
        (" HELO=a+0D+0Ab", "invalid value of HELO"),
    ],
)
def test_what_is_wrong_changes_nothing(argument: str, text: str) -> None:
    """SS-05: it counts as a syntax error."""
    house = trusting(smtp_max_synprot_errors=1)
    with greeted(house) as guest:
        ask(guest, "EHLO gate.example")
        assert ask(guest, f"XCLIENT{argument}") == f"501 5.5.4 {text}"
        assert ask(guest, "MAIL FROM:<>") == "250 2.1.0 OK"
        ask(guest, "RSET")
        assert "Too many syntax or protocol errors" in ask(guest, "XCLIENT ADDR=x")


def test_it_counts_as_a_command_without_mail_and_the_new_hello_does_not() -> None:
    """SS-05"""
    with greeted(trusting(smtp_accept_max_nonmail=3)) as guest:
        for _ in range(3):
            assert ask(guest, "XCLIENT ADDR=192.0.2.7").startswith("220 ")
            assert ask(guest, "EHLO client.example").startswith("250-")
        assert ask(guest, "XCLIENT ADDR=192.0.2.7") == "554 5.7.0 Too many nonmail commands"


def test_it_ends_a_group_of_commands() -> None:
    """RFC 2920: nobody can know what will be said behind it."""
    house = House(usual_settings(hosts_xclient=(PEER,), smtp_enforce_sync=True))
    with greeted(house) as guest:
        ask(guest, "EHLO gate.example")
        guest.say("XCLIENT ADDR=192.0.2.7", "EHLO client.example")
        assert guest.hear() == "554 5.5.0 SMTP synchronization error"
    with greeted(trusting()) as guest:  # where it is not enforced, what follows is heard
        guest.say("XCLIENT ADDR=192.0.2.7", "EHLO client.example")
        assert guest.hear().startswith("220 ")
        assert "[192.0.2.7]" in guest.hear()
