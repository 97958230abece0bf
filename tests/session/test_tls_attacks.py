"""Attacks on what TLS carries, and on TLS itself: cut messages, large records, long handshakes."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress

import pytest

from pymta.tls.certificates import Certificates
from pymta.tls.trouble import TlsError
from tests.doubles.certificates import Certificate
from tests.doubles.house import Guest, House
from tests.tls.test_layer import connected

ALERT, HANDSHAKE, DATA = 0x15, 0x16, 0x17
MOST = 300_000  # octets of one handshake that anybody may make us keep


@pytest.fixture(scope="module")
def ours(certificate: Certificate) -> Certificates:
    return certificate.shown()


@pytest.fixture
def house(ours: Certificates) -> House:
    return House(tls=ours)


def say_goodbye(sock: ssl.SSLSocket) -> None:
    """TLS's own end, in the middle of everything; the answer may be there already, or not."""
    sock.setblocking(False)
    with suppress(ssl.SSLError):
        sock.unwrap()


def cut(sock: ssl.SSLSocket) -> None:
    """What somebody on the way can do who has no keys."""
    sock.shutdown(socket.SHUT_WR)


def reset(sock: ssl.SSLSocket) -> None:
    with socket.socket(fileno=sock.detach()) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("end", [say_goodbye, cut, reset])
@pytest.mark.parametrize(
    "text",
    [b"", b"Subject: x\r\n\r\nhello", b"Subject: x\r\n\r\nhello\r\n", b"x\r\n.", b"x\r\n.\r"],
)
def test_a_message_that_is_cut_is_not_accepted(
    end: Callable[[ssl.SSLSocket], None], text: bytes, house: House, certificate: Certificate
) -> None:
    """RFC 8446 s6.1: an end without TLS's own is an attack; and with it the message has no dot."""
    with house.call() as guest:
        guest.start_tls(certificate.client())
        in_data(guest)
        guest.send(text)
        assert isinstance(guest.sock, ssl.SSLSocket)
        end(guest.sock)
        assert guest.status() == 0
    assert not house.spool.messages
    assert not house.handed_on
    (line,) = house.log.texts()
    assert "lost while reading message data" in line


def test_the_final_dot_counts_although_the_end_is_missing(
    house: House, certificate: Certificate
) -> None:
    """It was under a key: nobody but the client can have sent it."""
    with house.call() as guest:
        guest.start_tls(certificate.client())
        in_data(guest)
        guest.send(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        assert guest.hear().startswith("250 ")
        assert isinstance(guest.sock, ssl.SSLSocket)
        cut(guest.sock)
        guest.status()
    assert len(house.spool.messages) == 1


def in_data(guest: Guest) -> None:
    guest.hear()
    for text in (
        "EHLO client.example",
        "MAIL FROM:<a@client.example>",
        "RCPT TO:<user@localhost>",
        "DATA",
    ):
        assert guest.ask(text)[0][0] in "23"


@pytest.mark.parametrize("length", [(1 << 14) + 257, 0xFFFF])
def test_a_record_larger_than_any_is_not_waited_for(
    length: int, ours: Certificates, certificate: Certificate
) -> None:
    """RFC 8446 s5.2"""
    layer, _, _ = connected(ours.layer(), certificate.client())
    layer.receive(struct.pack("!BHH", DATA, 0x0303, length))
    with pytest.raises(TlsError, match="too long"):
        layer.read()


@pytest.mark.parametrize("kind", [1, 11], ids=["ClientHello", "Certificate"])
def test_a_handshake_message_is_not_collected_without_end(kind: int, ours: Certificates) -> None:
    """16 MB is what its length may say."""
    layer = ours.layer()
    body = bytes((kind,)) + (0xFFFFFF).to_bytes(3, "big") + b"\0" * ((1 << 14) - 4)
    sent = 0
    with pytest.raises(TlsError):  # noqa: PT012 - which of them is the last is the point
        while sent < MOST:
            layer.receive(struct.pack("!BHH", HANDSHAKE, 0x0301, len(body)) + body)
            sent += len(body)
            layer.handshake()
            body = b"\0" * (1 << 14)
    assert sent < MOST


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_end_that_nobody_sealed_is_none(
    version: ssl.TLSVersion, ours: Certificates, certificate: Certificate
) -> None:
    """An alert in clear says that the client ends, and anybody may have written it."""
    context = certificate.client()
    context.maximum_version = version
    layer, _, _ = connected(ours.layer(), context)
    layer.receive(struct.pack("!BHHBB", ALERT, 0x0303, 2, 1, 0))
    with pytest.raises(TlsError):
        layer.read()


def test_what_was_sealed_once_cannot_be_said_again(
    ours: Certificates, certificate: Certificate
) -> None:
    """A record is good in its place only."""
    layer, client, _ = connected(ours.layer(), certificate.client())
    client.tls.write(b"NOOP\r\n")
    sealed = client.outgoing()
    layer.receive(sealed)
    assert layer.read() == b"NOOP\r\n"
    layer.receive(sealed)
    with pytest.raises(TlsError, match="bad record mac"):
        layer.read()


def test_compression_is_not_spoken(ours: Certificates, certificate: Certificate) -> None:
    """CRIME (CVE-2012-4929)"""
    context = certificate.client()
    context.options &= ~ssl.OP_NO_COMPRESSION
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _, client, _ = connected(ours.layer(), context)
    assert client.tls.compression() is None
