"""Clients that show a certificate, that should, and that show one that is worth nothing."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pymta.tls.asks import Asks
from pymta.tls.certificates import Certificates
from pymta.tls.peer import Peer, peer
from pymta.tls.trouble import TlsError
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.doubles.house import House, usual_settings
from tests.tls.test_certificates import ticket
from tests.tls.test_layer import connected

CLIENT = "client.example"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
ALL = ("+tls_peerdn", "+tls_sni", "+tls_resumption", "-tls_cipher")
ASKED = ("192.0.2.7",)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What the client has to show; it is its own authority."""
    return certificates.make(tmp_path_factory.mktemp("theirs"), name=CLIENT)


@pytest.fixture(scope="module")
def ours(certificate: Certificate, theirs: Certificate) -> Certificates:
    return certificate.shown(str(theirs.file))


@pytest.fixture
def house(ours: Certificates) -> House:
    return House(tls=ours)


def showing(
    certificate: Certificate,
    shown: Certificate | None,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """A client that trusts `certificate` and has `shown`."""
    context = certificate.client()
    context.maximum_version = version
    if shown:
        context.load_cert_chain(shown.file, shown.key)
    return context


def arrival(house: House, context: ssl.SSLContext, sni: str = "") -> str:
    """The line of a message that comes in a new connection."""
    with house.call() as guest:
        guest.start_tls(context, sni)
        guest.hear()
        guest.ask("EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>")
        guest.ask("DATA")
        assert guest.ask("Subject: x\r\n\r\nhello\r\n.")[0].startswith("250 ")
    return next(text for text in house.log.texts() if text.startswith("<= "))


@pytest.mark.parametrize("option", ["tls_verify_hosts", "tls_try_verify_hosts"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_one_is_told_of(
    option: str,
    version: ssl.TLSVersion,
    house: House,
    certificate: Certificate,
    theirs: Certificate,
) -> None:
    """N-39: tls_certificate_verified, tls_peerdn, tls_sni; and the fields whatever they say."""
    house.settings = usual_settings(log_selector=ALL, **{option: ASKED})
    line = arrival(house, showing(certificate, theirs, version), "mx.pymta.test")

    assert f' CV=yes DN="CN={CLIENT}" SNI=mx.pymta.test S=' in line
    (event,) = (event for event in house.log.events if event.text == line)
    assert event.fields["TLS_PEER"] == f"CN={CLIENT}"
    assert event.fields["TLS_SNI"] == "mx.pymta.test"


def test_a_rule_may_let_who_shows_one_relay(
    house: House, certificate: Certificate, theirs: Certificate
) -> None:
    rule = {"name": "branch", "certified": [CLIENT], "action": "relay"}
    house.settings = usual_settings(tls_try_verify_hosts=ASKED, policy={"rcpt": [rule]})
    heard = []
    for shown in (theirs, None):
        with house.call() as guest:
            guest.start_tls(showing(certificate, shown))
            guest.hear()
            heard += guest.ask(
                "EHLO client.example",
                "MAIL FROM:<a@client.example>",
                "RCPT TO:<x@elsewhere.example>",
            )[2:]
    assert heard == ["250 2.1.5 Accepted", "550 5.7.1 relay not permitted"]


def test_whom_a_gateway_speaks_for_has_not_shown_its_certificate(
    house: House, certificate: Certificate, theirs: Certificate
) -> None:
    """XCLIENT"""
    rule = {"name": "branch", "certified": [CLIENT], "action": "relay"}
    house.settings = usual_settings(
        tls_try_verify_hosts=ASKED, hosts_xclient=ASKED, policy={"rcpt": [rule]}
    )
    relay = ("MAIL FROM:<a@client.example>", "RCPT TO:<x@elsewhere.example>", "RSET")
    with house.call() as guest:
        guest.start_tls(showing(certificate, theirs))
        guest.hear()
        assert "250 2.1.5 Accepted" in guest.ask("EHLO client.example", *relay)
        guest.ask("XCLIENT ADDR=203.0.113.5")
        assert "550 5.7.1 relay not permitted" in guest.ask("EHLO stranger.example", *relay)


def test_a_host_that_is_not_asked_shows_none(
    house: House, certificate: Certificate, theirs: Certificate
) -> None:
    house.settings = usual_settings(tls_verify_hosts=("192.0.2.8",))
    assert " CV=no S=" in arrival(house, showing(certificate, theirs))


@pytest.mark.parametrize("version", VERSIONS)
def test_who_need_not_show_one_may_have_none(
    version: ssl.TLSVersion, house: House, certificate: Certificate
) -> None:
    house.settings = usual_settings(tls_try_verify_hosts=ASKED)
    assert " CV=no S=" in arrival(house, showing(certificate, None, version))


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("tls_verify_hosts", "nothing"),
        ("tls_verify_hosts", "another"),
        ("tls_try_verify_hosts", "another"),
    ],
)
def test_without_a_good_one_there_is_no_tls(
    option: str, shown: str, house: House, certificate: Certificate, tmp_path: Path
) -> None:
    """What openssl says of it goes into the log."""
    house.settings = usual_settings(**{option: ASKED})
    other = certificates.make(tmp_path, name=CLIENT) if shown == "another" else None
    context = showing(certificate, other, ssl.TLSVersion.TLSv1_2)  # 1.3 hears of it too late
    with house.call() as guest, pytest.raises((ssl.SSLError, OSError)):
        guest.start_tls(context)
    with house.call() as guest:
        guest.hang_up()
    bad = "certificate verify failed: self-signed certificate"
    why = bad if other else "peer did not return a certificate"
    assert house.log.texts()[0] == (f"TLS error on connection from [192.0.2.7] (SSL_accept): {why}")
    assert not house.spool.messages


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_of_before_brings_what_it_had(
    version: ssl.TLSVersion, ours: Certificates, certificate: Certificate, theirs: Certificate
) -> None:
    context = showing(certificate, theirs, version)
    _, client, agreed = connected(ours.layer(Asks.FOR_ONE), context)
    again = connected(ours.layer(Asks.FOR_ONE), context, session=ticket(client))[2]

    assert again.is_resumed
    assert again.peer == agreed.peer == Peer(f"CN={CLIENT}", (CLIENT,))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_without_one_opens_no_door(
    version: ssl.TLSVersion, ours: Certificates, certificate: Certificate
) -> None:
    """It is resumed without a question; so what came of it is looked at."""
    context = showing(certificate, None, version)
    _, client, _ = connected(ours.layer(), context)

    with pytest.raises((TlsError, ssl.SSLError), match=r"(?i)peer.did.not.return|handshake"):
        connected(ours.layer(Asks.FOR_ONE), context, session=ticket(client))


def test_nobody_is_asked_because_another_was(
    ours: Certificates, certificate: Certificate, theirs: Certificate
) -> None:
    """One context serves them all."""
    asked, plain = ours.layer(Asks.FOR_ONE), ours.layer()
    context = showing(certificate, theirs)

    assert connected(asked, context)[2].peer
    assert not connected(plain, context)[2].peer


def test_a_subject_is_written_so_that_nobody_can_add_to_it() -> None:
    """RFC 4514 s2.4"""
    found = {
        "subject": (
            (("countryName", "DE"),),
            (("commonName", "x,O=Somebody Else"),),
            (("emailAddress", "x@client.example"),),
        ),
        "subjectAltName": (
            ("DNS", "b.example"),
            ("email", "a@client.example"),
            ("URI", "https://b.example/"),
        ),
    }
    assert peer(found) == Peer(
        r"emailAddress=x@client.example,CN=x\,O\=Somebody Else,C=DE",
        ("a@client.example", "x@client.example", "b.example", "x,O=Somebody Else"),
    )


def test_control_octets_of_a_name_reach_no_log(house: House, certificate: Certificate) -> None:
    """RFC 6066 s3 wants a host name; nothing makes a client send one."""
    house.settings = usual_settings(log_selector=ALL)
    line = arrival(house, certificate.client(), 'x\x1b[2J"\n y')
    assert " SNI=x?[2J???y S=" in line
