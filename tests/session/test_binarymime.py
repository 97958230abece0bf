"""BODY=BINARYMIME: any octets, in and out again (RFC 3030 s3)."""

from __future__ import annotations

import socket
import threading
from binascii import a2b_base64
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from pymta.config.transport import Transport
from pymta.mail.host import Host
from pymta.smtp.client_words import Refused, Taken
from pymta.transport.caller import Caller
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from tests.doubles.house import House, usual_settings

OCTETS = b"Content-Transfer-Encoding: binary\r\n\r\n\0\r\n.\r\n\n.\n\r.\r\xff\r\r\n\0"
TO_RCPT = (
    "EHLO client.example",
    "MAIL FROM:<a@client.example> BODY=BINARYMIME",
    "RCPT TO:<user@localhost>",
)
STRANGER, TRUSTED = "192.0.2.7", "127.0.0.1"


@pytest.mark.parametrize("caller", [STRANGER, TRUSTED])
@pytest.mark.parametrize("at", range(0, len(OCTETS), 5))
def test_every_octet_is_stored_as_it_came(at: int, caller: str) -> None:
    """Also where lines of others are made proper."""
    house = House()
    with house.call(caller) as guest:
        guest.hear()
        hello, *_ = guest.ask(*TO_RCPT)
        assert "250-BINARYMIME" in hello.splitlines()
        guest.send(b"BDAT %d\r\n" % at + OCTETS[:at])
        guest.send(b"BDAT %d LAST\r\n" % (len(OCTETS) - at) + OCTETS[at:])
        assert [guest.hear()[:3] for _ in range(2)] == ["250", "250"]

    message = house.spool.stored[0]
    assert message.body == OCTETS
    assert message.envelope.body == "BINARYMIME"
    assert message.envelope.is_binary


def test_data_is_nothing_for_it() -> None:
    house = House()
    with house.call() as guest:
        guest.hear()
        assert guest.ask(*TO_RCPT, "DATA")[-1] == "503 5.5.1 BODY=BINARYMIME needs BDAT"
        guest.send(b"BDAT 3 LAST\r\n\0\n\r")
        assert guest.hear().startswith("250 ")


@pytest.mark.parametrize("hello", ["HELO", "EHLO"])
def test_without_chunking_nobody_may_ask_for_it(hello: str) -> None:
    house = House(usual_settings(chunking_advertise_hosts=("*",) if hello == "HELO" else ()))
    with house.call() as guest:
        guest.hear()
        told, reply = guest.ask(f"{hello} client.example", TO_RCPT[1])
        assert "BINARYMIME" not in told
        assert reply.startswith("501 ")


def parcel(octets: bytes) -> Parcel:
    on_top = b"Received: by us\r\n"
    return Parcel(
        id="1wIcRd-000000012Tz-1abc",
        sender="s@client.example",
        recipients=("user@localhost",),
        on_top=on_top,
        size=len(on_top) + len(octets),
        eight_bit=True,
        blocks=lambda: iter([octets[:7], b"", octets[7:]]),
        is_mine=lambda: True,
        is_binary=True,
    )


def sent_to(house: House, message: Parcel, *, converts: bool = True) -> Heard:
    """Our own client talks to our own server."""
    found = list[object]()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        host = Host("mx.example.org", ip_address("127.0.0.1"), listener.getsockname()[1])
        settings = Transport(connection_idle_timeout=0, mime_output_conversion=converts)
        caller = Caller(settings, "client.example", tell=lambda event: None)
        sender = threading.Thread(target=lambda: found.append(caller.talk(host, message)))
        sender.start()
        theirs = listener.accept()[0]
        idle, end = socket.socketpair()
        stack.enter_context(end)
        with house.call(TRUSTED, pair=(idle, theirs)) as guest:
            sender.join(20)
            guest.status()
    (heard,) = found
    assert isinstance(heard, Heard)
    return heard


def test_our_client_sends_it_on_octet_by_octet() -> None:
    house = House()

    heard = sent_to(house, parcel(OCTETS))

    assert isinstance(heard.results[0], Taken)
    assert house.spool.stored[0].body == b"Received: by us\r\n" + OCTETS
    assert house.spool.stored[0].envelope.body == "BINARYMIME"


def test_a_host_that_would_not_take_it_so_has_it_in_base64() -> None:
    """RFC 3030 s3"""
    house = House(usual_settings(chunking_advertise_hosts=()))

    heard = sent_to(house, parcel(OCTETS))

    assert isinstance(heard.results[0], Taken)
    head, _, body = house.spool.stored[0].body.partition(b"\r\n\r\n")
    assert head.endswith(b"\r\nContent-Transfer-Encoding: base64")
    assert a2b_base64(body) == OCTETS.partition(b"\r\n\r\n")[2]


def test_where_nothing_is_converted_it_does_not_go_there() -> None:
    """RFC 3030 s3: under no circumstances; the recipient fails with 5.6.1."""
    house = House(usual_settings(chunking_advertise_hosts=()))

    heard = sent_to(house, parcel(OCTETS), converts=False)

    (result,) = heard.results
    assert isinstance(result, Refused)
    assert result.reply.enhanced == "5.6.1"
    assert not house.spool.stored
