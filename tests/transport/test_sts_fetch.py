"""Policies from a web server over HTTPS, by the rules of RFC 8461 s3.3."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.resolver.answer import Found, NoSuchDomain
from pymta.tls.mta_sts import LARGEST
from pymta.transport.sts_fetch import Fetcher, NoPolicyError
from tests.doubles import authority
from tests.doubles.certificates import Certificate
from tests.doubles.peers import free_port
from tests.doubles.web_server import WebServer, page, web_server

TEXT = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 86400\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"8\r\nversion:\r\n7\r\n STSv1\n\r\n0\r\n\r\n"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def root(world: Path) -> authority.Signer:
    made = authority.root()
    made.write(world / "root.pem")
    return made


@pytest.fixture(scope="module")
def good(world: Path, root: authority.Signer) -> Certificate:
    return authority.server(world / "good", (root,), ("mta-sts.example.org",))


def fetcher(server: WebServer, world: Path, seconds: float = 5.0) -> Fetcher:
    return Fetcher(
        lambda _: Found((ip_address("127.0.0.1"),)),
        lambda: ssl.create_default_context(cafile=world / "root.pem"),
        server.port,
        seconds,
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        pytest.param(page(TEXT), TEXT, id="with-its-length"),
        pytest.param(page(TEXT, kind="Text/Plain"), TEXT, id="letter-case"),
        pytest.param(CHUNKED, "version: STSv1\n", id="in-chunks"),
    ],
)
def test_the_text_is_what_the_server_has(
    good: Certificate, world: Path, answer: bytes, text: str
) -> None:
    with web_server(good, answer) as server:
        assert fetcher(server, world).fetch("example.org") == text
    (asked,) = server.asked
    assert asked.startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n")
    assert b"\r\nHost: mta-sts.example.org\r\n" in asked


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(page("x", status="404 Not Found"), "answered 404", id="not-found"),
        pytest.param(
            b"HTTP/1.1 301 Moved\r\nLocation: https://x.example/\r\nContent-Length: 0\r\n\r\n",
            "answered 301",
            id="redirect",
        ),
        pytest.param(page("x", kind="text/html"), "is not of type text/plain", id="web-page"),
        pytest.param(page("x" * (LARGEST + 1)), "is larger than 65536 octets", id="too-large"),
        pytest.param(b"220 mx ESMTP\r\n", "speaks no HTTP", id="no-http"),
        pytest.param(b"", "closed connection without response", id="nothing"),
        pytest.param(page(TEXT)[:-9], "was cut off", id="cut-off"),
    ],
)
def test_anything_else_is_no_policy(
    good: Certificate, world: Path, answer: bytes, why: str
) -> None:
    with web_server(good, answer) as server, pytest.raises(NoPolicyError, match=why):
        fetcher(server, world).fetch("example.org")


def test_what_somebody_on_the_way_may_have_cut_off_is_no_policy(
    good: Certificate, world: Path
) -> None:
    """Without a length only the end of TLS says where the end is (RFC 9112 s9.8)."""
    text = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + TEXT.encode()
    with web_server(good, text) as server:
        assert fetcher(server, world).fetch("example.org") == TEXT
    with (
        web_server(good, lambda tls: tls.sendall(text)) as server,
        pytest.raises(NoPolicyError, match="unexpected eof"),
    ):
        fetcher(server, world).fetch("example.org")


def of_another(world: Path, root: authority.Signer) -> Certificate:
    return authority.server(world / "other", (root,), ("www.example.org",))


def of_a_stranger(world: Path, root: authority.Signer) -> Certificate:
    return authority.server(world / "strange", (authority.root(),), ("mta-sts.example.org",))


def out_of_date(world: Path, root: authority.Signer) -> Certificate:
    return authority.server(world / "late", (root,), ("mta-sts.example.org",), days=-1)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (of_another, "not valid for 'mta-sts.example.org'"),
        (of_a_stranger, "self-signed certificate|unable to get local issuer"),
        (out_of_date, "certificate has expired"),
    ],
)
def test_a_server_that_does_not_prove_its_name_has_no_policy(
    world: Path,
    root: authority.Signer,
    make: Callable[[Path, authority.Signer], Certificate],
    why: str,
) -> None:
    with web_server(make(world, root), page(TEXT)) as server:
        with pytest.raises(NoPolicyError, match=why):
            fetcher(server, world).fetch("example.org")
        assert not server.asked


def test_a_server_that_says_an_octet_now_and_then_cannot_hold_us(
    good: Certificate, world: Path
) -> None:
    over = threading.Event()

    def drip(tls: ssl.SSLSocket) -> None:
        while not over.wait(0.05):
            tls.send(b"H")

    with web_server(good, drip) as server:
        with pytest.raises(NoPolicyError, match="timed out"):
            fetcher(server, world, seconds=0.5).fetch("example.org")
        over.set()


def test_nobody_there_is_no_policy(world: Path) -> None:
    with pytest.raises(NoPolicyError, match=r"mta-sts\.example\.org: Connection refused"):
        fetcher(WebServer(free_port()), world).fetch("example.org")
    with pytest.raises(NoPolicyError, match="has no address that we could find"):
        Fetcher(lambda _: NoSuchDomain()).fetch("example.org")
