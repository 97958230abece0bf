"""STARTTLS of real daemons, with clients that were not written for them (RFC 3207)."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
from collections.abc import Iterator

import pytest

from tests.doubles import peers
from tests.doubles.certificates import Certificate
from tests.doubles.daemon import DEADLINE, HOSTNAME, Daemon, daemon, wait_until
from tests.lives.test_session_life import line, workers
from tests.lives.test_tls import quit_session


@pytest.fixture(scope="module")
def shared(certificate: Certificate) -> Iterator[Daemon]:
    with daemon(**certificate.settings) as made:
        yield made


def ask(sock: socket.socket, words: str) -> str:
    """The last line of the answer."""
    sock.sendall(f"{words}\r\n".encode())
    while (reply := line(sock))[3] == "-":
        pass
    return reply


def in_tls(
    made: Daemon, context: ssl.SSLContext, session: ssl.SSLSession | None = None, name: str = ""
) -> ssl.SSLSocket:
    sock = made.raw()
    assert line(sock).startswith("220 ")
    for words in ("EHLO client.test", "STARTTLS"):
        assert ask(sock, words)[0] == "2"
    return context.wrap_socket(
        sock, suppress_ragged_eofs=False, session=session, server_hostname=name or None
    )


def test_swaks_sends_a_message(shared: Daemon, certificate: Certificate) -> None:
    """N-39: tls_cipher; and the Received field in Exim's manner."""
    answer = peers.run(
        "swaks",
        *("--to", "user@localhost", "--from", "someone@client.test", "--tls"),
        *("--server", f"127.0.0.1:{shared.port}", "--header", "Subject: by swaks"),
        *("--tls-verify", "--tls-ca-path", str(certificate.file)),
    )

    assert answer.returncode == 0, answer.stdout
    (arrival,) = shared.wait_for_log("<= someone@client.test ")
    assert " P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=" in arrival
    (message,) = [mail for mail in shared.wait_for_mail("user") if b"by swaks" in mail]
    assert b" with ESMTPS\n\t(TLS1.3) tls TLS_AES_256_GCM_SHA384\n\tid " in message


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_speaks_every_version_that_is_safe(
    version: str, shared: Daemon, certificate: Certificate
) -> None:
    answer = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{shared.port}", "-crlf", version),
            *("-starttls", "smtp", "-CAfile", certificate.file, "-verify_return_error", "-quiet"),
        ],
        input="QUIT\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )

    assert answer.stdout == f"221 {HOSTNAME} closing connection\n"


def test_openssl_finds_no_version_that_is_not(shared: Daemon) -> None:
    """RFC 8996"""
    answer = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{shared.port}", "-starttls", "smtp"),
            *("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
        ],
        input="",
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )

    assert answer.returncode != 0
    shared.wait_for_log(r"TLS error on connection from .*\(SSL_accept\): unsupported protocol")


def test_python_sends_many_messages_in_one_session(
    shared: Daemon, certificate: Certificate
) -> None:
    with smtplib.SMTP("127.0.0.1", shared.port, "python.test", timeout=DEADLINE) as client:
        client.starttls(context=certificate.client())
        for number in range(20):
            text = f"Subject: {number}\r\n\r\nhi\r\n"
            assert client.sendmail("python@client.test", ["alice@localhost"], text) == {}
    arrivals = shared.wait_for_log("<= python@client.test ", 20)
    assert all(" P=esmtps " in arrival for arrival in arrivals)


def test_a_client_that_does_not_trust_us_takes_its_worker_with_it(
    certificate: Certificate,
) -> None:
    """SS-04 and architecture, decision 3: the next one is served by a process that is clean."""
    with daemon(**certificate.settings) as made:
        with pytest.raises(ssl.SSLCertVerificationError):
            in_tls(made, ssl.create_default_context(), name=HOSTNAME)
        made.wait_for_log(r"\(SSL_accept\): tlsv1 alert unknown ca")
        wait_until(lambda: not workers(made), "its worker has gone")
        with in_tls(made, certificate.client()) as sock:
            quit_session(sock)


def test_a_client_that_comes_back_resumes_with_another_worker(certificate: Certificate) -> None:
    """The keys of tickets are made before the first fork."""
    with daemon(worker_max_connections=1, **certificate.settings) as made:
        context = certificate.client()
        with in_tls(made, context) as sock:
            assert ask(sock, "NOOP") == "250 OK"  # TLS 1.3 brings tickets before it
            assert not sock.session_reused
            ticket = sock.session
            (first,) = workers(made)
            quit_session(sock)
        wait_until(lambda: first not in workers(made), "the first worker has gone")
        with in_tls(made, context, ticket) as sock:
            assert sock.session_reused
            quit_session(sock)
