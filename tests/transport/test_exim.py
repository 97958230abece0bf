"""A real server at the other end: TLS of another make, a login, and its limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.config.transport import Transport
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.smtp.client_words import Refused, Taken
from pymta.transport.caller import Caller
from pymta.transport.remote import Heard
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Level, Need
from tests.doubles import certificates
from tests.doubles.certificates import NAME, Certificate
from tests.doubles.exim_host import LOGIN, PASSWORD, exim
from tests.doubles.log import MemoryLog
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
