"""SMTPUTF8 and DSN from a client of the standard library, through a daemon, to where they lead."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence

import pytest

from tests.doubles.daemon import Daemon, daemon
from tests.doubles.smtp_host import SmtpHost

MODERN = b"250-mx.example.org\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n"
DOMAINS = ["@", "localhost", "bücher.test"]
MESSAGE = "From: <jörg@bücher.test>\r\nSubject: Grüße\r\n\r\nvon Jörg\r\n".encode()


@pytest.fixture(scope="module", params=["modern", "old"])
def host(request: pytest.FixtureRequest) -> Iterator[SmtpHost]:
    with SmtpHost({"EHLO": MODERN} if request.param == "modern" else {}) as made:
        yield made


@pytest.fixture(scope="module")
def local() -> Iterator[Daemon]:
    with daemon(local_parts=["postmaster", "user", "jörg"], local_domains=DOMAINS) as made:
        yield made


@pytest.fixture(scope="module")
def gateway(host: SmtpHost) -> Iterator[Daemon]:
    with daemon(smarthost=f"127.0.0.1:{host.port}") as made:
        yield made


def send(to: Daemon, sender: str, recipient: str, asked: Sequence[str] = ()) -> None:
    with smtplib.SMTP("127.0.0.1", to.port, timeout=20) as client:
        client.ehlo()
        options = ["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=e1"]
        client.sendmail(sender, [recipient], MESSAGE, options, asked)


def test_mail_in_letters_arrives_and_its_sender_is_told(local: Daemon) -> None:
    send(local, "user@localhost", "jörg@bücher.test", ["NOTIFY=SUCCESS"])

    (message,) = local.wait_for_mail("jörg")
    text = message.decode()
    assert text.startswith("Return-Path: <user@localhost>\nDelivered-To: jörg@bücher.test\n")
    assert " with UTF8SMTP\n" in text
    assert text.endswith(MESSAGE.decode().replace("\r\n", "\n"))
    (report,) = local.wait_for_mail("user")
    assert b"\nOriginal-Envelope-Id: e1\n" in report
    assert b"\nFinal-Recipient: utf-8; j\\x{F6}rg@b\\x{FC}cher.test\nAction: delivered\n" in report
    local.wait_for_log(r"<= user@localhost .* P=utf8esmtp ")


def test_the_domain_may_be_written_as_the_dns_knows_it(local: Daemon) -> None:
    with smtplib.SMTP("127.0.0.1", local.port, timeout=20) as client:
        client.sendmail("a@client.test", ["postmaster@xn--bcher-kva.test"], b"Subject: x\r\n\r\n")

    assert local.wait_for_mail("postmaster")


def test_the_next_host_hears_what_it_understands(host: SmtpHost, gateway: Daemon) -> None:
    """RFC 6531 s3.2, RFC 3461 s5.2: and the sender hears what became of it."""
    send(gateway, "user@localhost", "rené@far.test", ["NOTIFY=SUCCESS,FAILURE"])

    if host.script["EHLO"] == MODERN:
        gateway.wait_for_log("=> rené@far.test .* C=")
        mail, rcpt = [c.encode("latin-1").decode() for c in host.sessions[-1].commands[1:3]]
        assert mail.startswith("MAIL FROM:<user@localhost>")
        assert mail.endswith(" BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=e1")
        assert rcpt == "RCPT TO:<rené@far.test> NOTIFY=SUCCESS,FAILURE"
        gateway.wait_for_idle()
        assert gateway.mailbox("user") == []
    else:
        (report,) = gateway.wait_for_mail("user")
        assert (
            b"\nFinal-Recipient: utf-8; ren\\x{E9}@far.test\nAction: failed\nStatus: 5.6.7\n"
            in (report)
        )
        assert host.messages() == []
