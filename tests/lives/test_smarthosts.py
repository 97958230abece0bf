"""A daemon sends mail by the smarthosts of its sender and its recipient."""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

from tests.doubles.certificates import NAME, Certificate
from tests.doubles.daemon import daemon
from tests.doubles.dns_server import DnsServer, Zone
from tests.doubles.smtp_host import SmtpHost

SENDERS = ("alice@one.example", "bob@two.example", "carol@three.example")


def test_each_sender_and_each_domain_has_its_smarthost() -> None:
    with SmtpHost() as one, SmtpHost() as two, SmtpHost() as rest:
        tables: dict[str, dict[str, Any]] = {
            "by-domain": {"hosts": [f"127.0.0.1:{two.port}"], "domains": ["*.partner.example"]},
            "by-sender": {"hosts": [f"127.0.0.1:{one.port}"], "senders": ["one.example"]},
            "of-bob": {"hosts": [f"127.0.0.1:{two.port}"], "senders": ["bob@two.example"]},
        }
        with daemon(
            smarthosts=tables,
            smarthost=f"127.0.0.1:{rest.port}",
            relay_from_hosts=["127.0.0.1"],
        ) as made:
            for sender in SENDERS:
                made.send("x@far.example", sender=sender)
                made.send("y@mx.partner.example", sender=sender)
            made.wait_for_log(" Completed", 6)
        got = {name: envelopes(host) for name, host in (("one", one), ("two", two), ("rest", rest))}
    far, near = "x@far.example", "y@mx.partner.example"
    assert got == {
        "one": {("alice@one.example", far)},
        "two": {(sender, near) for sender in SENDERS} | {("bob@two.example", far)},
        "rest": {("carol@three.example", far)},
    }


def test_a_smarthost_that_does_not_answer_keeps_the_mail() -> None:
    """It never takes another way, which the operator has not named for it."""
    with SmtpHost({"GREETING": b"421 closed\r\n"}) as closed, SmtpHost() as other:
        ways = (f"127.0.0.1:{closed.port}", f"127.0.0.1:{other.port}")
        tables = {
            "one": {"hosts": [ways[0]], "domains": ["far.example"]},
            "two": {"hosts": list(ways), "domains": ["near.example"]},
        }
        with daemon(smarthosts=tables, smarthost=ways[1]) as made:
            made.send("x@far.example")
            (line,) = made.wait_for_log(r" == x@far\.example ")
            assert " R=smarthost T=smtp " in line
            made.send("y@near.example")
            made.wait_for_log(r" => y@near\.example ")
    assert envelopes(other) == {("sender@client.test", "y@near.example")}


def test_a_login_is_made_at_a_smarthost_that_has_proved_its_name(
    certificate: Certificate, tmp_path: Path
) -> None:
    """Where nothing else is said, who gets the password must be who he says he is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    offers = b"250-mx.example.org\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"
    script = {"EHLO": offers, "AUTH": b"235 2.7.0 welcome\r\n"}
    password = tmp_path / "password"
    password.write_text("rabbit\n")
    password.chmod(0o640)
    with SmtpHost(script, tls=context) as host:
        login = {"login": "alice", "password_file": str(password)}
        tables = {
            "good": {"hosts": [f"{NAME}:{host.port}"], "domains": ["far.example"], **login},
            "other": {"hosts": [f"other.test:{host.port}"], **login},
        }
        zone: Zone = {(name, "A"): ["127.0.0.1"] for name in (NAME, "other.test")}
        with (
            DnsServer(zone) as server,
            daemon(
                dns_servers=[server.setting],
                smarthosts=tables,
                remote_tls_certificates=str(certificate.file),
            ) as made,
        ):
            made.send("x@far.example")
            made.send("y@near.example")
            made.wait_for_log(r" => x@far\.example R=smarthost .* A=")
            (line,) = made.wait_for_log(r" == y@near\.example ")
            assert f"its certificate is for {NAME}, not for other.test" in line
    said = [session.commands for session in host.sessions]
    word = b64encode(b"\0alice\0rabbit").decode()
    assert [f"AUTH PLAIN {word}" in commands for commands in said].count(True) == 1
    assert envelopes(host) == {("sender@client.test", "x@far.example")}


def envelopes(host: SmtpHost) -> set[tuple[str, str]]:
    """Sender and recipient of all that was taken."""
    found = set()
    sender = ""
    for session in host.sessions:
        for command in session.commands:
            verb, _, rest = command.partition(":")
            address = rest.partition("<")[2].partition(">")[0]
            if verb == "MAIL FROM":
                sender = address
            elif verb == "RCPT TO":
                found.add((sender, address))
    return found
