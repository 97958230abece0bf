"""TLS without a socket: octets in, octets out, in whatever pieces they come."""

from __future__ import annotations

import ssl
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.tls import credentials
from pymta.tls.context import server_context
from pymta.tls.facts import Facts
from pymta.tls.layer import LARGEST, Layer
from pymta.tls.trouble import TlsError
from tests.doubles.certificates import Certificate


class Client:
    """The other side, by Python's own hand."""

    def __init__(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None, sni: str = ""
    ) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=sni or None, session=session
        )

    def receive(self, data: bytes) -> None:
        self._incoming.write(data)

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def shakes_hands(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


@pytest.fixture(scope="module")
def context(certificate: Certificate) -> ssl.SSLContext:
    return server_context(credentials.read(str(certificate.file), str(certificate.key)))


def connected(
    ours: ssl.SSLContext | Layer,
    client_context: ssl.SSLContext,
    piece: int = 1 << 16,
    session: ssl.SSLSession | None = None,
    sni: str = "",
) -> tuple[Layer, Client, Facts]:
    layer = Layer(ours) if isinstance(ours, ssl.SSLContext) else ours
    client = Client(client_context, session, sni)
    agreed = None
    for _ in range(5):  # TLS 1.2 needs two round trips
        client.shakes_hands()
        said = client.outgoing()
        for start in range(0, len(said), piece):
            layer.receive(said[start : start + piece])
            agreed = layer.handshake()
        client.receive(layer.outgoing())
        if agreed and client.shakes_hands():
            return layer, client, agreed
    raise AssertionError("no handshake")


@pytest.mark.parametrize("piece", [1, 7, 1 << 16], ids=["by octets", "in pieces", "whole"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_handshake_may_come_in_pieces(
    piece: int, version: ssl.TLSVersion, context: ssl.SSLContext, certificate: Certificate
) -> None:
    theirs = certificate.client()
    theirs.maximum_version = version

    _, client, agreed = connected(context, theirs, piece)

    cipher, _, bits = client.tls.cipher() or ("", "", 0)
    assert agreed == Facts(version.name.replace("_", ".").replace("TLSv", "TLS"), cipher, bits)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"EHLO client.example\r\n", "wrong version number"),
        (b"GET / HTTP/1.0\r\n\r\n", "http request"),
        (b"\x16\x03\x01\x00\x05hello", "unexpected message"),
        (b"\0" * 100, "wrong version number"),
    ],
    ids=["SMTP", "HTTP", "no ClientHello", "noughts"],
)
def test_who_speaks_another_language_is_no_client(
    said: bytes, why: str, context: ssl.SSLContext
) -> None:
    layer = Layer(context)
    layer.receive(said)

    with pytest.raises(TlsError, match=why):
        layer.handshake()
    answer = layer.outgoing()
    assert not answer or answer.startswith(b"\x15\x03")  # an alert, never text


def test_who_speaks_old_tls_alone_hears_why(
    context: ssl.SSLContext, certificate: Certificate
) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    layer, client = Layer(context), Client(old)
    client.shakes_hands()
    layer.receive(client.outgoing())

    with pytest.raises(TlsError, match="unsupported protocol"):
        layer.handshake()
    client.receive(layer.outgoing())
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        client.shakes_hands()


@given(text=st.binary(min_size=1, max_size=2 * LARGEST), piece=st.integers(1, 5000))
def test_what_goes_in_at_one_end_comes_out_at_the_other(
    text: bytes, piece: int, context: ssl.SSLContext, certificate: Certificate
) -> None:
    layer, client, _ = connected(context, certificate.client())
    client.tls.write(text[:LARGEST])
    client.tls.write(text[LARGEST:] or b".")
    encrypted = client.outgoing()
    heard = b""
    for start in range(0, len(encrypted), piece):
        layer.receive(encrypted[start : start + piece])
        while data := layer.read():
            heard += data
        assert data is None

    assert heard == text[:LARGEST] + (text[LARGEST:] or b".")

    layer.write(text[:LARGEST])
    client.receive(layer.outgoing())
    said = b""
    while len(said) < len(text[:LARGEST]):
        said += client.tls.read(LARGEST)
    assert said == text[:LARGEST]


def test_what_was_tampered_with_is_not_read(
    context: ssl.SSLContext, certificate: Certificate
) -> None:
    layer, client, _ = connected(context, certificate.client())
    client.tls.write(b"MAIL FROM:<a@client.example>\r\n")
    encrypted = bytearray(client.outgoing())
    encrypted[-1] ^= 1
    layer.receive(bytes(encrypted))

    with pytest.raises(TlsError, match="bad record mac"):
        layer.read()
    with pytest.raises(TlsError):
        layer.write(b"250 OK\r\n")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_either_side_says_when_it_ends(
    version: ssl.TLSVersion, context: ssl.SSLContext, certificate: Certificate
) -> None:
    theirs = certificate.client()
    theirs.maximum_version = version
    layer, client, _ = connected(context, theirs)
    layer.close()
    client.receive(layer.outgoing())

    assert client.tls.read(1) == b""
    client.tls.unwrap()
    layer.receive(client.outgoing())
    assert layer.read() == b""


def test_an_end_before_the_beginning_says_nothing(context: ssl.SSLContext) -> None:
    layer = Layer(context)
    layer.close()

    assert layer.outgoing() == b""


def test_a_name_that_is_not_ascii_ends_the_handshake_and_no_more(
    context: ssl.SSLContext, certificate: Certificate, capfd: pytest.CaptureFixture[str]
) -> None:
    """RFC 6066 s3: Python cannot read it, and would show where it stumbled."""
    layer, client = Layer(context), Client(certificate.client(), sni="name.of.somebody")
    client.shakes_hands()
    layer.receive(client.outgoing().replace(b"name.of.somebody", b"\x1b[2J\xff\xfename\r\nmore"))

    with pytest.raises(TlsError, match=r"^the name that it asks for is not ASCII$"):
        layer.handshake()
    assert capfd.readouterr() == ("", "")
