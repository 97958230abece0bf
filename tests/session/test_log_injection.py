"""Control octets in each field that a client controls: in no log, and in no reply (promise 10)."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from pymta.mail.caller import Endpoint, plain_address
from pymta.session import ident
from pymta.smtp.proxy_header import SIGNATURE
from tests.doubles.all_sinks import HARMFUL, harm_in
from tests.doubles.house import Guest, House, usual_settings
from tests.doubles.logins import accounts
from tests.doubles.memory_dns import MemoryDns

PEER = "198.51.100.9"
# Escape sequences of a terminal, bells, C1, DEL, octets that are no UTF-8, and text turned round.
EVIL = b"poison\x1b[2J\x1b]0;x\x07\x0b\x0c\x08\x7f\x9b1m\xff\xe2\x80\xae\xe2\x80\xa8\xc2\x85"
# In xtext, base64 and encoded words any octet can be said, line ends and NUL too.
CODED = EVIL + b"\r\n.\r\nQUIT\r\n\0"
XTEXT = b"poison" + b"".join(b"+%02X" % octet for octet in CODED)
BASE64 = base64.b64encode(CODED)
WORD = b"=?utf-8?B?" + BASE64 + b"?="
NOT = False
EHLO, MAIL, RCPT = b"EHLO c.example", b"MAIL FROM:<a@c.example>", b"RCPT TO:<user@localhost>"


@dataclass(frozen=True, slots=True)
class Case:
    """`lines` are said, one after another; `is_logged`: the log must tell something of the evil."""

    lines: tuple[bytes, ...]
    is_logged: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


def message(header: bytes, is_logged: bool = True) -> Case:
    return Case((EHLO, MAIL, RCPT, b"DATA", header + b"\r\n\r\ntext\r\n."), is_logged)


def login(response: bytes) -> Case:
    """No account has such a name, so the name is not even told."""
    return Case((EHLO, b"AUTH PLAIN " + base64.b64encode(response)), NOT)


CASES = {
    "EHLO": Case((b"EHLO " + EVIL,)),
    "HELO": Case((b"HELO " + EVIL,)),
    "HELO in a literal": Case((b"EHLO [" + EVIL + b"]",)),
    "sender": Case((EHLO, b"MAIL FROM:<" + EVIL + b"@c.example>")),
    "quoted sender": Case((EHLO, b'MAIL FROM:<"' + EVIL + b'"@c.example>')),
    "sender's domain": Case((EHLO, b"MAIL FROM:<a@" + EVIL + b">")),
    "sender in UTF-8": Case((EHLO, b"MAIL FROM:<" + EVIL + b"@c.example> SMTPUTF8")),
    "MAIL parameter": Case((EHLO, MAIL + b" SIZE=" + EVIL)),
    "MAIL keyword": Case((EHLO, MAIL + b" " + EVIL + b"=1")),
    "ENVID": Case((EHLO, MAIL + b" ENVID=" + XTEXT)),
    "MAIL AUTH=": Case((EHLO, MAIL + b" AUTH=" + XTEXT)),
    "recipient": Case((EHLO, MAIL, b"RCPT TO:<" + EVIL + b"@localhost>")),
    "quoted recipient": Case((EHLO, MAIL, b'RCPT TO:<"' + EVIL + b'"@localhost>')),
    "recipient elsewhere": Case((EHLO, MAIL, b"RCPT TO:<x@" + EVIL + b">")),
    "ORCPT": Case((EHLO, MAIL, RCPT + b" ORCPT=rfc822;" + XTEXT)),
    "NOTIFY": Case((EHLO, MAIL, RCPT + b" NOTIFY=" + EVIL)),
    "verb": Case((EVIL,)),
    "verbs until it is enough": Case((EVIL,) * 5),
    "NUL in a command": Case((b"NOOP \0" + EVIL,)),
    "CR in a command": Case((b"NOOP x\r" + EVIL + b"\rNOOP", b"VRFY a\r" + EVIL), is_logged=NOT),
    "a long line": Case((b"NOOP " + EVIL * 300,), is_logged=NOT),
    "a long line of nonsense": Case((EVIL * 300,)),
    "VRFY": Case((EHLO, b"VRFY " + EVIL), settings={"smtp_vrfy_hosts": ("*",)}, is_logged=NOT),
    "EXPN": Case((EHLO, b"EXPN " + EVIL), is_logged=NOT),
    "ETRN": Case((EHLO, b"ETRN " + EVIL), settings={"smtp_etrn_hosts": ("*",)}, is_logged=NOT),
    "ETRN of anybody": Case((EHLO, b"ETRN " + EVIL), is_logged=NOT),
    "HELP": Case((EHLO, b"HELP " + EVIL), is_logged=NOT),
    "BDAT": Case((EHLO, MAIL, RCPT, b"BDAT " + EVIL)),
    "AUTH mechanism": Case((EHLO, b"AUTH " + EVIL), is_logged=NOT),
    "AUTH response": Case((EHLO, b"AUTH PLAIN " + EVIL), is_logged=NOT),
    "AUTH id": login(b"\0" + EVIL + b"\0x"),
    "AUTH id in UTF-8": login(b"\0" + EVIL.decode("latin-1").encode() + b"\0x"),
    "AUTH id with lines": login(b"\0poison\r\nx\0x"),
    "AUTH id that turns text round": login("\0poison\u202e\u2028\0x".encode()),
    "AUTH id in LOGIN": Case((EHLO, b"AUTH LOGIN", base64.b64encode(EVIL), b"eA=="), NOT),
    "XCLIENT": Case((EHLO, b"XCLIENT " + EVIL)),
    "XCLIENT NAME": Case((EHLO, b"XCLIENT NAME=" + XTEXT)),
    "XCLIENT HELO": Case((EHLO, b"XCLIENT HELO=" + XTEXT)),
    "XCLIENT LOGIN": Case((EHLO, b"XCLIENT LOGIN=" + XTEXT)),
    "XCLIENT ADDR": Case((EHLO, b"XCLIENT ADDR=" + EVIL)),
    "a command out of order": Case((b"RCPT TO:<" + EVIL + b">",)),
    "Subject": message(b"Subject: " + EVIL),
    "coded Subject": message(b"Subject: " + WORD),
    "Message-ID": message(b"Message-ID: <" + EVIL + b"@c.example>", NOT),
    "a header that is none": message(EVIL + b": x", NOT),
    "From that a rule looks at": Case(
        (EHLO, MAIL, RCPT, b"DATA", b"From: " + EVIL + b"\r\n\r\n."), is_logged=NOT
    ),
}


def poisonable(**settings: object) -> House:
    """Everybody is trusted with everything, and every line is written."""
    usual = {
        "log_selector": ("+all",),
        "hosts_xclient": ("*",),
        "auth_without_tls_hosts": ("*",),
        "auth_failure_delay": 0,
        "bare_newlines": "fix",
    }
    return House(usual_settings(**usual | settings), back_end=accounts())


def say_all(guest: Guest, lines: tuple[bytes, ...]) -> str:
    with suppress(BrokenPipeError):  # he may be left before he has said it all
        for line in (*lines, b"QUIT"):
            guest.send(line + b"\r\n")
    return guest.hear_all()


@pytest.mark.parametrize("name", CASES)
def test_what_a_client_says_comes_out_harmless(name: str) -> None:
    case = CASES[name]
    house = poisonable(**case.settings)
    with house.call(PEER) as guest:
        replies = say_all(guest, case.lines)
        guest.status()

    assert list(harm_in(house.log.events)) == []
    assert not HARMFUL.search(replies.replace("\r\n", ""))
    assert all(len(line) <= 510 for line in replies.split("\r\n"))
    if case.is_logged:
        told = str([(event.text, event.fields) for event in house.log.events])
        assert "poison" in told, told


def test_what_comes_too_early_comes_out_harmless() -> None:
    """CP-08"""
    house = House(usual_settings(smtp_enforce_sync=True, log_selector=("+all",)))
    with house.call(PEER, early=EVIL + b"\r\n\0") as guest:
        assert not HARMFUL.search(guest.hear_all().replace("\r\n", ""))

    assert list(harm_in(house.log.events)) == []
    assert "poison" in house.log.texts()[0]


def test_what_comes_out_of_turn_comes_out_harmless() -> None:
    """SS-04"""
    house = House(usual_settings(smtp_enforce_sync=True, log_selector=("+all",)))
    with house.call(PEER) as guest:
        guest.hear()
        guest.send(b"EHLO c.example\r\n" + EVIL + b"\r\n")
        guest.hear_all()

    assert list(harm_in(house.log.events)) == []
    assert "poison" in str(house.log.texts())


@pytest.mark.parametrize(
    "header",
    [
        EVIL,
        b"PROXY TCP4 " + EVIL + b"\r\n",
        b"PROXY UNKNOWN " + EVIL + b"\r\n",
        SIGNATURE + b"\x21\x11\x00\x40" + EVIL + bytes(64),
        SIGNATURE + EVIL + bytes(64),
    ],
)
def test_what_a_proxy_says_comes_out_harmless(header: bytes) -> None:
    house = poisonable(proxy_protocol_timeout=0.2)
    house.is_proxied = True
    with house.call(PEER, early=header) as guest:
        guest.send(b"EHLO " + EVIL + b"\r\nQUIT\r\n")
        guest.hear_all()

    assert house.log.events
    assert list(harm_in(house.log.events)) == []


# What other machines say of a client, as a reader would hand it on at the worst.
OUTSIDE = (EVIL.decode("utf-8", "surrogateescape"), "poison\r\n<0>forged\x00\x1b[31m\u202e")


@pytest.mark.parametrize("text", OUTSIDE)
def test_what_others_say_of_him_comes_out_harmless(text: str) -> None:
    """His name in the DNS, and the user by his machine's account (CP-07)."""
    house = poisonable(host_lookup=("*",), rfc1413_hosts=("*",), rfc1413_query_timeout=5)
    house.dns = MemoryDns({PEER: [text]}, {text: [PEER]})
    house.ask_ident = lambda *_: text
    with house.call(PEER) as guest:
        replies = say_all(guest, (EHLO, MAIL, RCPT, b"DATA", b"\r\n."))
        guest.status()

    assert list(harm_in(house.log.events)) == []
    assert not HARMFUL.search(replies.replace("\r\n", ""))
    assert "poison" in str(house.log.texts())
    assert not HARMFUL.search(
        "".join(house.spool.stored[0].seal.on_top).replace("\r\n\t", " ").strip()
    )


def test_an_ident_answer_is_made_printable_where_it_is_read() -> None:
    """It goes into no more than the log; but it is the reader who knows what it may be."""
    ends = Endpoint(plain_address(PEER), 40112), Endpoint(plain_address("198.51.100.1"), 25)
    answer = b"40112 , 25 : USERID : UNIX : " + EVIL

    user = ident.user_of(answer, ends[0].port, ends[1].port)

    assert user.startswith("poison")
    assert not HARMFUL.search(user)
