"""Real servers at the other end: TLS of other makes, logins, limits, greylisting, 7 bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email import message_from_bytes
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from pymta.config.transport import Transport
from pymta.delivery import one_message
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.smtp.client_words import Refused, Taken
from pymta.transport.caller import Caller
from pymta.transport.classify import Later
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Level, Need
from tests.doubles import certificates
from tests.doubles.certificates import NAME, Certificate
from tests.doubles.deliveries import Rig
from tests.doubles.log import MemoryLog
from tests.doubles.remote_hosts import LOGIN, PASSWORD, Postfix, exim, opensmtpd, postfix
from tests.transport.test_dialogue import parcel

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.make(tmp_path_factory.mktemp("exim") / "certificate")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificates.make(tmp_path_factory.mktemp("ours") / "certificate", name="we.example.net")


@pytest.fixture(scope="module")
def host(
    shown: Certificate, ours: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    with exim(shown, ours, tmp_path_factory.mktemp("work")) as port:
        yield Host(NAME, ip_address("127.0.0.1"), port)


@pytest.fixture
def caller(shown: Certificate) -> Iterator[Caller]:
    settings = Transport(remote_tls_certificates=str(shown.file), connection_idle_timeout=60)
    with closing(Caller(settings, "we.example.net", tell=MemoryLog().write)) as made:
        yield made


@pytest.fixture
def terms(tmp_path: Path) -> Terms:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    return Terms(Need(Level.VERIFIED, "us"), Login(LOGIN, str(secret)))


def test_messages_go_over_a_verified_connection_with_a_login_as_many_as_it_takes(
    host: Host, caller: Caller, terms: Terms
) -> None:
    """RFC 9422: it says MAILMAX=3."""
    found = [caller.talk(host, parcel(f"r{n}@example.org"), terms) for n in range(5)]
    reused = []
    for heard in found:
        assert isinstance(heard, Heard)
        assert isinstance(heard.results[0], Taken), heard
        assert heard.connection
        assert heard.connection.tls
        assert (heard.connection.tls.proof, heard.connection.login) == ("yes", "PLAIN")
        reused.append(heard.connection.is_reused)
    assert reused == [False, True, True, False, True]


def test_it_lets_nobody_in_with_another_password(
    host: Host, caller: Caller, terms: Terms, tmp_path: Path
) -> None:
    secret = tmp_path / "other"
    secret.write_text("hare")
    wrong = replace(terms, login=Login(LOGIN, str(secret)))
    heard = caller.talk(host, parcel(), wrong)
    assert isinstance(heard, Heard)
    (result,) = heard.results
    assert isinstance(result, Refused)
    assert result.stage.is_about_terms
    assert result.reply.code == 535


def test_without_a_login_it_takes_no_mail(host: Host, caller: Caller, terms: Terms) -> None:
    heard = caller.talk(host, parcel(), replace(terms, login=None))
    assert isinstance(heard, Heard)
    assert isinstance(heard.results[0], Refused)
    assert heard.results[0].after == "RCPT TO:<r@example.org>"


def test_a_certificate_of_ours_is_enough_for_it(
    host: Host, caller: Caller, terms: Terms, ours: Certificate
) -> None:
    own = OwnCertificate(str(ours.file), str(ours.key))
    heard = caller.talk(host, parcel(), replace(terms, login=None, own=own))
    assert isinstance(heard, Heard)
    assert isinstance(heard.results[0], Taken)


# Greylisting.


def test_who_is_put_off_at_first_is_served_at_the_second_attempt_and_once(
    host: Host, caller: Caller, terms: Terms, tmp_path: Path
) -> None:
    rig = Rig(tmp_path)

    def talk(_: Host, message: Parcel, __: Terms) -> Heard | Later:
        rig.sent.append(("exim", message.recipients))
        return caller.talk(host, message, terms)

    def run() -> list[str]:
        before = len(rig.log.events)
        one_message.attempt(message_id, replace(rig.world(), talk=talk))
        return rig.log.texts()[before:]

    message_id = rig.put("grey@x.example", "b@x.example")
    lines = run()
    assert any(" b@x.example R=" in line and line.startswith("=>") for line in lines), lines
    (waits,) = [line for line in lines if line.startswith("==")]
    assert "defer (-44)" in waits
    assert waits.endswith("RCPT TO:<grey@x.example>: 451 greylisted, try again later"), waits
    rig.now += 3600
    lines = run()
    assert lines[0].startswith("=> grey@x.example R=")
    assert lines[-1] == "Completed"
    assert rig.sent == [("exim", ("grey@x.example", "b@x.example")), ("exim", ("grey@x.example",))]


# Others.


@pytest.fixture(scope="module")
def postfix_host(shown: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postfix]:
    with postfix(shown, tmp_path_factory.mktemp("work")) as found:
        yield found


def at(port: int) -> Host:
    return Host(NAME, ip_address("127.0.0.1"), port)


VERIFIED = Terms(Need(Level.VERIFIED, "us"))


def test_postfix_proves_its_name_and_takes_one_message_after_another(
    postfix_host: Postfix, caller: Caller
) -> None:
    found = []
    for n in range(2):
        heard = caller.talk(at(postfix_host.port), parcel(f"r{n}@example.org"), VERIFIED)
        assert isinstance(heard, Heard)
        assert isinstance(heard.results[0], Taken), heard
        assert heard.connection
        assert heard.connection.tls
        facts = heard.connection.tls
        found.append((facts.version, facts.proof, heard.connection.is_reused))
    assert found == [("TLS1.3", "yes", False), ("TLS1.3", "yes", True)]


def test_opensmtpd_has_it_though_its_tls_may_be_broken(
    shown: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """That of Debian 12 fails at every handshake with OpenSSL 3 (their issue 1171)."""
    log = MemoryLog()
    with (
        opensmtpd(shown, tmp_path_factory.mktemp("work")) as port,
        closing(Caller(Transport(), "we.example.net", tell=log.write)) as caller,
    ):
        heard = caller.talk(at(port), parcel())
        assert isinstance(heard, Heard)
        assert isinstance(heard.results[0], Taken), heard
        assert heard.connection
        is_told = [line.endswith("delivering unencrypted") for line in log.texts()]
        assert is_told == ([] if heard.connection.tls else [True])
        waits = caller.talk(at(port), parcel(), Terms(Need(Level.MUST, "us")))
        assert isinstance(waits, Heard)
        assert isinstance(waits.results[0], Taken) == bool(heard.connection.tls)


def test_a_host_that_takes_7_bits_has_the_message_in_them(
    postfix_host: Postfix, caller: Caller
) -> None:
    """RFC 6152 s3; where it takes 8 bits it has it as it is."""
    umlauts = "Viele Grüße an alle, die das hier lesen\r\n.\r\n".encode()
    inner = b"Content-Type: image/x\r\n\r\n" + bytes(range(128, 256))
    head = "Subject: {}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    for port, is_converted in ((postfix_host.seven_bit, True), (postfix_host.port, False)):
        body = b"--b\r\n\r\n%s\r\n--b\r\n%s\r\n--b--\r\n" % (umlauts, inner)
        blocks = [head.format(port).encode(), body]
        message = replace(parcel("r@example.org", blocks=blocks), eight_bit=True)
        heard = caller.talk(at(port), message, VERIFIED)
        assert isinstance(heard, Heard)
        assert isinstance(heard.results[0], Taken), heard
        (taken,) = postfix_host.taken(str(port))
        assert taken.isascii() == is_converted
        parts: Any = message_from_bytes(taken).get_payload()
        one, other = (part.get_payload(decode=True) for part in parts)
        assert one.replace(b"\n", b"\r\n") == umlauts
        assert other == bytes(range(128, 256))
