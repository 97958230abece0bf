"""A session of a user of this machine: known by the kernel, let in, may send anywhere."""

from __future__ import annotations

import pytest

from pymta.config.session import Session
from pymta.load.reading import Load
from pymta.mail.host_list import host_list
from pymta.session.hold_back import mode_of_local
from tests.doubles.house import HOST, House, usual_settings

ALICE = {1000: "alice"}


def house(**options: object) -> House:
    return House(usual_settings(**options), name_of=lambda uid: ALICE.get(uid, str(uid)))


def test_the_account_stands_where_a_host_has_its_address() -> None:
    """CP-07"""
    made = house(log_selector=("+smtp_connection",))
    with made.call_from_here() as guest:
        assert guest.hear().startswith(f"220 {HOST} ")
        hello = guest.ask("EHLO here.example")[0]
        assert hello.startswith(f"250-{HOST} Hello alice at here.example\n")
        guest.ask("MAIL FROM:<a@b.example>", "RCPT TO:<user@localhost>", "DATA")
        assert guest.ask("hi\r\n.")[0].startswith("250 ")
        guest.ask("QUIT")
        guest.status()

    arrival, _ = made.log.events
    assert arrival.text.startswith("<= a@b.example U=alice P=local-esmtp S=")
    assert made.log.texts()[1] == "SMTP connection from alice D=0.0s closed by QUIT"
    assert (arrival.fields["PEER_UID"], arrival.fields["PEER_PID"]) == ("1000", "4711")
    assert arrival.fields["IDENT"] == "alice"
    assert "CLIENT" not in arrival.fields
    (message,) = made.spool.messages.values()
    client = message.envelope.client
    assert (client.address, client.user, client.protocol) == ("", "alice", "local-esmtp")


@pytest.mark.parametrize(
    "options",
    [
        {"host_reject_connection": ("*",)},
        {"smtp_accept_max": 1, "smtp_accept_reserve": 1, "smtp_reserve_hosts": ("192.0.2.1",)},
        {"smtp_load_reserve": 0.1, "smtp_reserve_hosts": ("192.0.2.1",)},
        {"host_lookup": ("*",), "rfc1413_hosts": ("*",), "rfc1413_query_timeout": 5},
    ],
    ids=["refused hosts", "kept places", "load", "look-ups"],
)
def test_what_holds_for_hosts_keeps_him_not_out(options: dict[str, object]) -> None:
    """LM-06, LM-07, LM-08, CP-07"""
    made = house(**options)
    made.load = Load(99.0)
    with made.call_from_here() as guest:
        assert guest.hear().startswith("220 ")
        assert not made.dns.asked


def test_he_may_send_anywhere_and_to_mailboxes_that_exist() -> None:
    made = house(relay_from_hosts=(), relay_to_domains=())
    with made.call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO x.example", "MAIL FROM:<>")
        heard = guest.ask(
            "RCPT TO:<far@away.example>",
            "RCPT TO:<far@[192.0.2.9]>",
            "RCPT TO:<nobody.such@localhost>",
        )
        assert [reply[:3] for reply in heard] == ["250", "250", "550"]

    assert made.log.texts()[0].startswith("U=alice F=<> rejected RCPT <nobody.such@localhost>: ")


def test_limits_of_one_connection_hold_for_him_too() -> None:
    """SS-05"""
    made = house(message_size_limit={"*": 1000, "127.0.0.0/8": 5}, recipients_max=1)
    with made.call_from_here() as guest:
        guest.hear()
        guest.ask("EHLO x.example")
        assert guest.ask("MAIL FROM:<> SIZE=1001")[0].startswith("552 ")
        guest.ask("MAIL FROM:<> SIZE=1000", "RCPT TO:<a@b.example>")
        assert guest.ask("RCPT TO:<c@d.example>")[0].startswith("452 ")


@pytest.mark.parametrize(
    ("average", "reason"), [(8.01, "load average 8.01"), (8.0, ""), (None, "")]
)
def test_where_a_host_would_be_refused_for_the_load_his_mail_waits(
    average: float | None, reason: str
) -> None:
    """LM-02"""
    settings = usual_settings(smtp_load_reserve=8.0, smtp_accept_queue=1)

    mode = mode_of_local((), Load(average), settings)

    assert (mode.queues, mode.reason) == (bool(reason), reason)


@pytest.mark.parametrize(
    ("items", "is_in"),
    [
        (("*",), True),
        ((), False),
        (("192.0.2.1", "*"), True),
        (("!*",), False),
        (("0.0.0.0/0", "::/0", "localhost", "@[]"), False),
        (("!192.0.2.0/24",), True),
    ],
)
def test_he_is_in_a_list_of_hosts_only_where_everybody_is(
    items: tuple[str, ...], is_in: bool
) -> None:
    assert host_list(items).holds_without_address() == is_in
    made = house(hosts_require_helo=items)
    with made.call_from_here() as guest:
        guest.hear()
        assert guest.ask("MAIL FROM:<>")[0].startswith("503 " if is_in else "250 ")


def test_an_account_without_a_name_is_its_number() -> None:
    made = house(log_selector=("+smtp_connection",))
    with made.call_from_here(4242) as guest:
        guest.hear()
        guest.ask("QUIT")
        guest.status()

    assert made.log.texts() == ["SMTP connection from 4242 D=0.0s closed by QUIT"]


def test_without_a_settings_file_he_is_served() -> None:
    made = house(is_configured=False)
    with made.call_from_here() as guest:
        guest.hear()
        assert guest.ask("EHLO x.example", "MAIL FROM:<>")[1].startswith("250 ")


def test_the_defaults_ask_him_for_a_hello() -> None:
    assert Session().hosts_require_helo == ("*",)
