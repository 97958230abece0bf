"""EXTERNAL over a real handshake: the certificate of the client has said who it is."""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.accounts.back_ends import back_end
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.house import House, usual_settings

ALICE = "alice@client.example"
ASKED = ("192.0.2.7",)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What the client has to show; it is its own authority."""
    more = ("-addext", f"subjectAltName=email:{ALICE},email:root@client.example")
    place = tmp_path_factory.mktemp("theirs")
    return certificates.make(place, name="client.example", names=(), more=more)


@pytest.fixture
def house(certificate: Certificate, theirs: Certificate) -> House:
    settings = usual_settings(auth_external=(ALICE,), tls_try_verify_hosts=ASKED)
    found = back_end(settings, print)
    assert found
    return House(settings=settings, tls=certificate.shown(str(theirs.file)), back_end=found)


def showing(certificate: Certificate, shown: Certificate | None) -> ssl.SSLContext:
    context = certificate.client()
    if shown:
        context.load_cert_chain(shown.file, shown.key)
    return context


@pytest.mark.parametrize("response", ["=", b64encode(b"Alice@Client.Example").decode()])
def test_who_shows_his_certificate_is_who_it_names(
    house: House, certificate: Certificate, theirs: Certificate, response: str
) -> None:
    with house.call() as guest:
        guest.start_tls(showing(certificate, theirs))
        guest.hear()
        assert "250-AUTH EXTERNAL" in guest.ask("EHLO client.example")[0]
        assert guest.ask(f"AUTH EXTERNAL {response}")[0].startswith("235 2.7.0 ")


def test_he_is_nobody_else_though_his_certificate_names_others(
    house: House, certificate: Certificate, theirs: Certificate
) -> None:
    with house.call() as guest:
        guest.start_tls(showing(certificate, theirs))
        guest.hear()
        guest.ask("EHLO client.example")
        wanted = b64encode(b"root@client.example").decode()
        assert guest.ask(f"AUTH EXTERNAL {wanted}")[0].startswith("535 5.7.8 ")


def test_he_is_nobody_for_whom_he_speaks(
    house: House, certificate: Certificate, theirs: Certificate
) -> None:
    """XCLIENT: whose connection passes through a gateway does not log in by its certificate."""
    proxy = replace(house.settings.proxy, hosts_xclient=ASKED)
    house.settings = replace(house.settings, proxy=proxy)
    with house.call() as guest:
        guest.start_tls(showing(certificate, theirs))
        guest.hear()
        assert guest.ask("XCLIENT ADDR=203.0.113.5")[0].startswith("220 ")
        assert "AUTH" not in guest.ask("EHLO stranger.example")[0]
        assert guest.ask("AUTH EXTERNAL =")[0].startswith("503 ")


def test_without_a_certificate_it_is_not_offered_and_not_done(
    house: House, certificate: Certificate
) -> None:
    with house.call() as guest:
        guest.start_tls(showing(certificate, None))
        guest.hear()
        assert "AUTH" not in guest.ask("EHLO client.example")[0]
        assert guest.ask("AUTH EXTERNAL =")[0].startswith("503 ")


def test_a_certificate_of_another_place_names_nobody(
    house: House, certificate: Certificate, tmp_path: Path
) -> None:
    forged = certificates.make(
        tmp_path, names=(), more=("-addext", f"subjectAltName=email:{ALICE}")
    )
    context = showing(certificate, forged)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose handshake ends with our verdict
    with house.call() as guest, pytest.raises(ssl.SSLError):
        guest.start_tls(context)
