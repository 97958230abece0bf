"""TLS with a host over a real socket: what is done where it can be had, and where it cannot."""

from __future__ import annotations

import hashlib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from pymta.config.transport import Transport
from pymta.journal.event import Event
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.mail.trouble import AUTH_FAILED
from pymta.smtp.client_words import Stage, Taken
from pymta.tls.dane import Tlsa
from pymta.transport.caller import Caller
from pymta.transport.classify import (
    LOGIN_FAILED,
    TLS_FAILED,
    TLS_REQUIRED,
    Later,
    from_result,
)
from pymta.transport.remote import Heard
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Level, Need
from tests.doubles import authority
from tests.doubles.certificates import Certificate, make
from tests.doubles.log import MemoryLog
from tests.doubles.smtp_host import CLOSE, FRIENDLY, SILENCE, Script, SmtpHost
from tests.transport.test_dialogue import parcel

NAME = "mx.example.org"
OFFERS = b"250-mx.example.org\r\n250-STARTTLS\r\n250 PIPELINING\r\n"
WITH_TLS = [OFFERS, FRIENDLY["EHLO"]]
TIMES = Transport(connect_timeout=5, command_timeout=5, data_timeout=5, final_timeout=5)


@dataclass(frozen=True)
class Keys:
    good: Certificate
    other: Certificate  # for another name
    log: MemoryLog


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, Certificate]:
    directory: Path = tmp_path_factory.mktemp("tls")
    return make(directory / "good", name=NAME), make(directory / "other", name="else.example.org")


@pytest.fixture
def keys(certificates: tuple[Certificate, Certificate]) -> Keys:
    return Keys(*certificates, MemoryLog())


def server(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    return context


@pytest.fixture
def host(keys: Keys) -> Iterator[SmtpHost]:
    with SmtpHost({"EHLO": WITH_TLS}, tls=server(keys.good)) as host:
        yield host


def terms(level: Level, *names: str) -> Terms:
    return Terms(Need(level, "us", names))


def send(host: SmtpHost, keys: Keys, how: Terms, times: Transport = TIMES) -> Heard:
    settings = replace(times, remote_tls_certificates=str(keys.good.file))
    where = Host(NAME, ip_address(host.address), host.port)
    with closing(Caller(settings, "we.example.net", tell=keys.log.write)) as caller:
        heard = caller.talk(where, parcel(), how)
    assert isinstance(heard, Heard)
    return heard


def trouble(heard: Heard, host: SmtpHost) -> Later:
    where = Host(NAME, ip_address(host.address), host.port)
    found = from_result(heard.results[0], where, heard.number, heard.error)
    assert isinstance(found, Later), "trouble with TLS is trouble of the host"
    assert host.messages() == []
    return found


@pytest.mark.parametrize(
    ("level", "proof"),
    [(Level.MAY, "no"), (Level.MUST, "no"), (Level.VERIFIED, "yes")],
)
def test_a_message_goes_encrypted(host: SmtpHost, keys: Keys, level: Level, proof: str) -> None:
    heard = send(host, keys, terms(level))

    assert isinstance(heard.results[0], Taken)
    (session,) = host.sessions
    assert (session.tls, session.sni) == ("TLSv1.3", NAME)
    assert session.commands[:3] == ["EHLO we.example.net", "STARTTLS", "EHLO we.example.net"]
    assert heard.connection
    assert heard.connection.greeted == "ee"
    facts = heard.connection.tls
    assert facts
    assert (facts.version, facts.proof) == ("TLS1.3", proof)
    assert facts.text.startswith("TLS1.3:TLS_")


def test_the_next_message_goes_over_the_same_tls_unless_something_came_over_it_meanwhile(
    host: SmtpHost, keys: Keys
) -> None:
    where, how = Host(NAME, ip_address(host.address), host.port), terms(Level.MUST)
    found = []
    with closing(Caller(TIMES, "we.example.net", tell=keys.log.write)) as caller:
        for says in (b"", b"", b"250 2.0.0 queued again\r\n"):
            if says:
                host.interject(says)
            heard = caller.talk(where, parcel(), how)
            assert isinstance(heard, Heard)
            assert isinstance(heard.results[0], Taken)
            assert heard.connection
            found.append(heard.connection.is_reused)
    assert found == [False, True, False]


def test_in_clear_where_nobody_wants_tls(host: SmtpHost, keys: Keys) -> None:
    heard = send(host, keys, terms(Level.NONE))
    assert isinstance(heard.results[0], Taken)
    assert heard.connection
    assert heard.connection.tls is None


def test_tls_may_begin_before_the_greeting(keys: Keys) -> None:
    with SmtpHost(tls=server(keys.good), tls_at_once=True) as host:
        heard = send(host, keys, replace(terms(Level.VERIFIED), tls_on_connect=True))
        assert isinstance(heard.results[0], Taken)
        assert host.sessions[0].commands[0] == "EHLO we.example.net"
        assert host.sessions[0].commands[1].startswith("MAIL")


# What a certificate must prove.


def test_a_certificate_for_another_name_proves_nothing(keys: Keys) -> None:
    with SmtpHost({"EHLO": WITH_TLS}, tls=server(keys.other)) as host:
        other = replace(keys, good=keys.other)
        found = trouble(send(host, other, terms(Level.VERIFIED)), host)
        assert found.number == TLS_FAILED
        assert "its certificate is for else.example.org, not for mx.example.org" in found.text
        heard = send(host, other, terms(Level.VERIFIED, "x.example", "else.example.org"))
        assert isinstance(heard.results[0], Taken)


def test_nor_does_one_that_nobody_vouches_for(keys: Keys) -> None:
    with SmtpHost({"EHLO": WITH_TLS}, tls=server(keys.other)) as host:
        found = trouble(send(host, keys, terms(Level.VERIFIED)), host)
        assert found.number == TLS_FAILED
        assert "certificate verify failed: self-signed certificate" in found.text
        assert isinstance(send(host, keys, terms(Level.MUST)).results[0], Taken)


# DANE (RFC 7672).


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, list[bytes]]:
    """A server's certificate, and it in DER form with those above it."""
    top = authority.root()
    middle = authority.below(top)
    made = authority.server(tmp_path_factory.mktemp("dane"), (middle, top), (NAME,))
    return made, authority.chain(made)


def dane(record: Tlsa, *names: str) -> Terms:
    return Terms(Need(Level.DANE, "DANE", names or (NAME,), records=(record,)))


def tlsa(usage: int, der: bytes) -> Tlsa:
    return Tlsa(usage, 1, 1, hashlib.sha256(authority.key_of(der)).digest())


@pytest.mark.parametrize(("usage", "at", "calls"), [(3, 0, 1), (2, 1, 2), (2, 2, 2)])
def test_a_certificate_that_a_tlsa_record_means_is_proof(
    keys: Keys, signed: tuple[Certificate, list[bytes]], usage: int, at: int, calls: int
) -> None:
    """RFC 7672 s3.1: the host's own, or one that has signed it, which takes a second call."""
    certificate, chain = signed
    with SmtpHost({"EHLO": WITH_TLS}, tls=server(certificate)) as host:
        heard = send(host, keys, dane(tlsa(usage, chain[at])))
        assert isinstance(heard.results[0], Taken)
        assert heard.connection
        assert heard.connection.tls
        assert heard.connection.tls.proof == "dane"
        assert len(host.sessions) == calls


@pytest.mark.parametrize(
    ("usage", "at", "name"),
    [(3, 1, NAME), (2, 0, NAME), (2, 2, "else.example.org")],
    ids=["another", "no anchor", "another name"],
)
def test_and_any_other_one_is_none(
    keys: Keys, signed: tuple[Certificate, list[bytes]], usage: int, at: int, name: str
) -> None:
    certificate, chain = signed
    with SmtpHost({"EHLO": WITH_TLS}, tls=server(certificate)) as host:
        found = trouble(send(host, keys, dane(tlsa(usage, chain[at]), name)), host)
        assert found.number == TLS_FAILED


# What is done where there is none.


def test_who_asks_for_tls_says_no_word_to_a_host_without(keys: Keys) -> None:
    with SmtpHost() as host:
        found = trouble(send(host, keys, terms(Level.MUST)), host)
        assert found.number == TLS_REQUIRED
        assert isinstance(send(host, keys, terms(Level.MAY)).results[0], Taken)
    assert host.sessions[0].commands == ["EHLO we.example.net", "QUIT"]


BROKEN: dict[str, Script] = {
    "closed": {"HANDSHAKE": CLOSE},
    "no TLS": {"HANDSHAKE": b"what is this?\r\n"},
    "an alert": {"HANDSHAKE": b"\x15\x03\x01\x00\x02\x02\x28"},
    "silence": {"HANDSHAKE": SILENCE},
}


@pytest.mark.parametrize("how", BROKEN)
def test_where_it_may_be_in_clear_a_failed_handshake_is_told_and_the_host_called_again(
    keys: Keys, how: str
) -> None:
    times = replace(TIMES, command_timeout=1) if how == "silence" else TIMES
    script = {"EHLO": OFFERS, **BROKEN[how]}
    with SmtpHost(script) as host:
        heard = send(host, keys, terms(Level.MAY), times)
        assert isinstance(heard.results[0], Taken)
        assert [session.commands[1][:8] for session in host.sessions] == ["STARTTLS", "MAIL FRO"]
    (line,) = keys.log.texts()
    assert line.startswith(f"TLS negotiation with {NAME} [127.0.0.1]:{host.port} failed (")
    assert line.endswith("): delivering unencrypted")


@pytest.mark.parametrize("how", BROKEN)
def test_where_it_may_not_the_message_waits(keys: Keys, how: str) -> None:
    times = replace(TIMES, command_timeout=1) if how == "silence" else TIMES
    with SmtpHost({"EHLO": OFFERS, **BROKEN[how]}) as host:
        heard = send(host, keys, terms(Level.MUST), times)
        trouble(heard, host)
        assert not isinstance(heard.results[0], Taken)
        assert heard.results[0].stage is Stage.HANDSHAKE
        assert len(host.sessions) == 1
    assert keys.log.events == list[Event]()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_versions_are_not_spoken(keys: Keys) -> None:
    """RFC 8996"""
    context = server(keys.good)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with SmtpHost({"EHLO": WITH_TLS}, tls=context) as host:
        assert trouble(send(host, keys, terms(Level.MUST)), host).number == TLS_FAILED


# The dialogue inside of it.


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "BODY", "FINAL"])
def test_a_host_that_hangs_up_inside_of_tls_is_tried_again(keys: Keys, stage: str) -> None:
    with SmtpHost({"EHLO": WITH_TLS, stage: CLOSE}, tls=server(keys.good)) as host:
        where = Host(NAME, ip_address(host.address), host.port)
        heard = send(host, keys, terms(Level.MUST))
        assert isinstance(from_result(heard.results[0], where, heard.number, heard.error), Later)


def test_a_silent_host_costs_no_more_inside_of_tls_than_outside(keys: Keys) -> None:
    times = replace(TIMES, command_timeout=1)
    with SmtpHost({"EHLO": WITH_TLS, "MAIL": SILENCE}, tls=server(keys.good)) as host:
        found = trouble(send(host, keys, terms(Level.MUST), times), host)
        assert found.error == "Connection timed out"


def test_a_large_message_goes_whole(host: SmtpHost, keys: Keys) -> None:
    blocks = [b"x" * 70 + b"\r\n"] * 1000
    where = Host(NAME, ip_address(host.address), host.port)
    with closing(Caller(TIMES, "we.example.net", tell=keys.log.write)) as caller:
        heard = caller.talk(where, parcel(blocks=[b"".join(blocks)] * 20), terms(Level.MUST))
    assert isinstance(heard, Heard)
    assert isinstance(heard.results[0], Taken)
    assert host.messages()[0].count(b"x" * 70) == 20_000


# Logins.

OFFERS_LOGIN = b"250-mx.example.org\r\n250-AUTH PLAIN LOGIN\r\n250 PIPELINING\r\n"


def log_in(keys: Keys, script: Script, secret: Path, **more: Any) -> tuple[Heard, list[str]]:
    how = replace(terms(Level.VERIFIED), login=Login("us", str(secret), **more))
    with SmtpHost({"EHLO": [OFFERS, OFFERS_LOGIN], **script}, tls=server(keys.good)) as host:
        heard = send(host, keys, how)
    return heard, host.sessions[0].commands if host.sessions else []


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("rabbit\nnot this\n")
    return file


def test_we_log_in_where_that_is_set_up(keys: Keys, secret: Path) -> None:
    heard, commands = log_in(keys, {"AUTH": b"235 2.7.0 welcome\r\n"}, secret)
    assert isinstance(heard.results[0], Taken)
    assert commands[3] == "AUTH PLAIN " + b64encode(b"\0us\0rabbit").decode()
    assert heard.connection
    assert heard.connection.login == "PLAIN"


def test_a_refused_login_waits_and_shows_no_password(keys: Keys, secret: Path) -> None:
    heard, _ = log_in(keys, {"AUTH": b"535 5.7.8 no\r\n"}, secret)
    found = from_result(heard.results[0], None)
    assert isinstance(found, Later)
    assert found.number == LOGIN_FAILED
    assert found.text == "SMTP error from remote mail server after AUTH PLAIN: 535 5.7.8 no"
    assert found.cause == AUTH_FAILED


def test_a_password_that_cannot_be_read_calls_nobody(keys: Keys, tmp_path: Path) -> None:
    heard, commands = log_in(keys, {}, tmp_path / "none")
    found = from_result(heard.results[0], None)
    assert isinstance(found, Later)
    assert found.number == LOGIN_FAILED
    assert "no password for us" in found.text
    assert "No such file" in found.text
    assert commands == []


# A certificate of ours.

OFFERS_EXTERNAL = b"250-mx.example.org\r\n250-AUTH EXTERNAL PLAIN\r\n250 PIPELINING\r\n"


@pytest.fixture
def demanding(keys: Keys) -> Iterator[SmtpHost]:
    """It wants to see the other one, or says no word."""
    context = server(keys.good)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(keys.other.file)
    script: Script = {"EHLO": [OFFERS, OFFERS_EXTERNAL], "AUTH": b"235 2.7.0 welcome\r\n"}
    with SmtpHost(script, tls=context) as host:
        yield host


def own(certificate: Certificate) -> OwnCertificate:
    return OwnCertificate(str(certificate.file), str(certificate.key))


@pytest.mark.parametrize("level", [Level.MUST, Level.VERIFIED])
def test_a_host_that_wants_a_certificate_is_shown_ours(
    demanding: SmtpHost, keys: Keys, level: Level
) -> None:
    how = replace(terms(level), own=own(keys.other))
    assert isinstance(send(demanding, keys, how).results[0], Taken)


def test_which_is_a_login_too(demanding: SmtpHost, keys: Keys) -> None:
    """RFC 4422 appendix A"""
    login = Login("us", "", mechanisms=("EXTERNAL",))
    heard = send(demanding, keys, replace(terms(Level.VERIFIED), own=own(keys.other), login=login))
    assert isinstance(heard.results[0], Taken)
    assert demanding.sessions[0].commands[3] == "AUTH EXTERNAL ="
    assert heard.connection
    assert heard.connection.login == "EXTERNAL"


def test_without_it_or_with_another_the_message_waits(demanding: SmtpHost, keys: Keys) -> None:
    for how in (terms(Level.MUST), replace(terms(Level.MUST), own=own(keys.good))):
        trouble(send(demanding, keys, how), demanding)


def test_one_that_cannot_be_read_calls_nobody(
    demanding: SmtpHost, keys: Keys, tmp_path: Path
) -> None:
    how = replace(terms(Level.MUST), own=OwnCertificate(f"{tmp_path}/none"))
    found = trouble(send(demanding, keys, how), demanding)
    assert found.number == TLS_FAILED
    assert "no certificate of ours for it" in found.text
    assert "No such file" in found.text
    assert demanding.sessions == []


def test_a_renewed_one_is_shown_at_the_next_call(
    demanding: SmtpHost, keys: Keys, tmp_path: Path
) -> None:
    file = tmp_path / "own.pem"
    where = Host(NAME, ip_address(demanding.address), demanding.port)
    how = replace(terms(Level.MUST), own=OwnCertificate(str(file)))
    times = replace(TIMES, connection_idle_timeout=0)
    with closing(Caller(times, "we.example.net", tell=keys.log.write)) as caller:
        for certificate, is_taken in ((keys.good, False), (keys.other, True)):
            file.write_text(certificate.file.read_text() + certificate.key.read_text())
            heard = caller.talk(where, parcel(), how)
            assert isinstance(heard, Heard)
            assert isinstance(heard.results[0], Taken) == is_taken
