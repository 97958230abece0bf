"""Clients that mean no good on ports where TLS begins at once; more of them are in tests/long."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.doubles.certificates import Certificate
from tests.doubles.crowd import own_memory, resident
from tests.doubles.daemon import DEADLINE, Daemon, daemon
from tests.lives.test_session_life import line, workers
from tests.lives.test_tls import quit_session

SMTP_IN_HTTP = (
    "EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<user@localhost>\r\nDATA\r\n"
    "Subject: cross-protocol\r\n\r\nx\r\n.\r\nQUIT\r\n"
)


@contextmanager
def half_handshakes(made: Daemon, count: int) -> Iterator[None]:
    """So many who begin one, and do not go on."""
    outgoing = ssl.MemoryBIO()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(
            ssl.MemoryBIO(), outgoing, server_hostname="mx.pymta.test"
        ).do_handshake()
    except ssl.SSLWantReadError:
        half = outgoing.read()[:100]
    with ExitStack() as stack:
        for _ in range(count):
            sock = stack.enter_context(made.raw())
            sock.sendall(half)
        made.wait_for_sessions(count)
        yield


def seconds_of_a_good_client(made: Daemon, certificate: Certificate) -> float:
    began = time.monotonic()
    with certificate.client().wrap_socket(made.raw(), suppress_ragged_eofs=False) as sock:
        assert line(sock).startswith("220 ")
        quit_session(sock)
    return time.monotonic() - began


def test_handshakes_that_do_not_go_on_are_bounded(certificate: Certificate) -> None:
    """N-40, LM-01: by the places that there are; and everything is back when they go."""
    with daemon("submissions", smtp_accept_max=41, **certificate.settings) as made:
        before = resident(made.pid)
        with half_handshakes(made, 40):
            assert own_memory(workers(made)) < 8000  # KiB
            assert resident(made.pid) - before < 4000
            with half_handshakes_and_one(made), made.raw() as late:
                assert late.recv(100) == b""
            made.wait_for_sessions(40)
            assert seconds_of_a_good_client(made, certificate) < DEADLINE
        made.wait_for_log(r"\(SSL_accept\): TCP connection closed by peer", 41)
        made.wait_for_idle()


@contextmanager
def half_handshakes_and_one(made: Daemon) -> Iterator[None]:
    """The last place of 41."""
    with made.raw():
        made.wait_for_sessions(41)
        yield


def test_a_web_browser_gets_no_mail_in_and_nothing_of_its_own_back(
    certificate: Certificate,
) -> None:
    """ALPACA: what somebody makes a browser say to us over TLS is neither obeyed nor echoed."""
    with daemon("submissions", **certificate.settings) as made:
        answer = subprocess.run(
            [
                *("curl", "--silent", "--insecure", "--http0.9", "--max-time", "20"),
                *("--data-binary", SMTP_IN_HTTP, f"https://127.0.0.1:{made.port}/<script>"),
            ],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        made.wait_for_log(r"SMTP protocol synchronization error|dropped: too many")
        made.wait_for_idle()
    assert "script" not in answer.stdout
    assert "cross-protocol" not in answer.stdout
    assert not list((made.state / "spool").glob("queue/*"))
    assert not list(made.state.glob("mail/*/new/*"))


def test_a_client_with_old_tls_alone_is_told_of_with_its_reason(certificate: Certificate) -> None:
    """RFC 8996: whatever openssl offers; the log says what was wrong with it."""
    with daemon("submissions", **certificate.settings) as made:
        for version in ("-tls1", "-tls1_1"):
            words = ("-connect", f"127.0.0.1:{made.port}", "-cipher", "ALL:@SECLEVEL=0", version)
            answer = subprocess.run(
                ["openssl", "s_client", *words],
                input="",
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
            assert answer.returncode != 0
            assert "alert protocol version" in answer.stderr
        made.wait_for_log(r"\(SSL_accept\): unsupported protocol$", 2)
        with socket.create_connection(("127.0.0.1", made.port), DEADLINE) as sock:
            sock.sendall(b"\x80\x2e\x01\x00\x02" + b"\0" * 43)  # SSL 2
            assert b"220" not in sock.recv(100)
        made.wait_for_log(r"\(SSL_accept\): (?!unsupported protocol$)")
