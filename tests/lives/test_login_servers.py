"""A real daemon that asks a real Dovecot, or PAM through a real saslauthd, who its callers are."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pymta.accounts.hashes import make_yescrypt
from pymta.sasl.verifier import derive
from tests.doubles.auth_servers import dovecot, saslauthd
from tests.doubles.daemon import Daemon, daemon

pytestmark = pytest.mark.root  # which both servers want

OPEN: dict[str, Any] = {"auth_without_tls_hosts": ["127.0.0.1"], "auth_failure_delay": 0}
TEXT = "From: {0}\r\nTo: user@localhost\r\nSubject: hello\r\n\r\nhi\r\n"


@pytest.fixture(scope="module")
def by_dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    alice = derive(b"rabbit", b"0123456789abcdef", 4096)
    file = tmp_path_factory.mktemp("dovecot") / "passwords"
    file.write_text(f"alice@example.org:{alice}\nbob@b.test:{{PLAIN}}cat\n")
    with (
        dovecot(file) as path,
        daemon("submission", auth_dovecot_socket=str(path), **OPEN) as made,
    ):
        yield made


@contextmanager
def log_in(server: Daemon, mechanism: str, name: str, password: str) -> Iterator[smtplib.SMTP]:
    """By one mechanism of smtplib."""
    with server.connect() as client:
        client.ehlo()
        client.user, client.password = name, password
        method = getattr(client, f"auth_{mechanism.lower().replace('-', '_')}")
        client.auth(mechanism, method)
        yield client


def test_dovecot_is_asked(by_dovecot: Daemon) -> None:
    """Whatever the mechanism; what it does not offer is not offered."""
    with by_dovecot.connect() as client:
        client.ehlo()
        assert client.esmtp_features["auth"].split() == "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN".split()
    for mechanism in ("PLAIN", "LOGIN"):
        with log_in(by_dovecot, mechanism, "Alice@example.org", "rabbit") as client:
            client.sendmail("alice@example.org", "user@localhost", TEXT.format("alice@example.org"))
    with log_in(by_dovecot, "CRAM-MD5", "bob@b.test", "cat") as client:
        client.sendmail("bob@b.test", "user@localhost", TEXT.format("bob@b.test"))
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("alice@example.org", "user@localhost", TEXT.format("alice@example.org"))
    assert len(by_dovecot.wait_for_mail("user", 3)) == 3
    by_dovecot.wait_for_log(r"<= alice@example.org .* A=PLAIN:alice@example.org ")
    by_dovecot.wait_for_log(r"<= bob@b.test .* A=CRAM-MD5:bob@b.test ")


def test_whom_dovecot_refuses_hears_the_same_for_every_reason(by_dovecot: Daemon) -> None:
    said = []
    for name in ("alice@example.org", "nobody@example.org"):
        with (
            pytest.raises(smtplib.SMTPAuthenticationError) as caught,
            log_in(by_dovecot, "PLAIN", name, "wrong"),
        ):
            pass
        said.append((caught.value.smtp_code, caught.value.smtp_error))
    assert said[0] == said[1]
    assert said[0][0] == 535


def test_without_dovecot_nothing_is_offered_and_mail_comes_all_the_same(tmp_path: Path) -> None:
    with daemon(auth_dovecot_socket=str(tmp_path / "none"), **OPEN) as server:
        with server.connect() as client:
            client.ehlo()
            assert "auth" not in client.esmtp_features
            client.sendmail("a@b.test", "user@localhost", TEXT.format("a@b.test"))
        assert server.wait_for_mail("user")
        server.wait_for_log(rf"logins: Dovecot: {tmp_path}/none: No such file or directory")


def test_pam_is_asked_by_way_of_saslauthd() -> None:
    """A user of this machine has no domain, and sends as himself at our own name."""
    accounts = f"alice:{make_yescrypt(b'rabbit', 1).text}:61234:61234::/nonexistent:/bin/false\n"
    with (
        saslauthd(accounts) as path,
        daemon(
            "submission",
            auth_saslauthd_socket=str(path),
            auth_saslauthd_domains=["example.org"],
            primary_hostname="mx.example.org",
            **OPEN,
        ) as server,
    ):
        with log_in(server, "LOGIN", "alice", "rabbit") as client:
            assert client.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
            sender = "alice@mx.example.org"
            client.sendmail(sender, "user@localhost", TEXT.format(sender))
        with log_in(server, "PLAIN", "alice@example.org", "rabbit") as client:
            sender = "alice@example.org"
            client.sendmail(sender, "user@localhost", TEXT.format(sender))
        with (
            pytest.raises(smtplib.SMTPAuthenticationError),
            log_in(server, "PLAIN", "alice", "wrong"),
        ):
            pass
        assert server.wait_for_mail("user", 2)
        server.wait_for_log(r"<= alice@mx.example.org .* A=LOGIN:alice ")
