"""Several certificates: which one a client gets to see, and how little that costs it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import pytest

from pymta.tls.certificates import Certificates
from pymta.tls.leaf import leaf
from pymta.tls.which import EVERYBODY, NOWHERE, Place, which
from tests.doubles import certificates
from tests.doubles.certificates import Certificate
from tests.tls.test_layer import Client, connected

NAMES = ("mx.example.org", "*.example.net")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
TABLE = {"*", "mx.example.org", "*.example.org", "192.0.2.1", "submissions", "2001:db8::1"}


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("", NOWHERE, "*"),
        ("MX.example.org", NOWHERE, "mx.example.org"),
        ("mx.example.org.", NOWHERE, "mx.example.org"),
        ("a.example.org", NOWHERE, "*.example.org"),
        ("a.b.example.org", NOWHERE, "*"),
        ("example.org", NOWHERE, "*"),
        ("org", NOWHERE, "*"),
        ("other.example", Place("192.0.2.1", "submissions"), "192.0.2.1"),
        ("other.example", Place("192.0.2.2", "submissions"), "submissions"),
        ("", Place("2001:db8::1", "smtp"), "2001:db8::1"),
        ("mx.example.org", Place("192.0.2.1", "submissions"), "mx.example.org"),
        ("", Place("192.0.2.2", "smtp"), "*"),
        ("*", NOWHERE, "*"),
    ],
)
def test_the_closest_entry_counts(name: str, place: Place, expected: str) -> None:
    assert which(TABLE, name, place) == expected


@pytest.fixture(scope="module")
def each(
    certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Certificate]:
    made = {name: certificates.make(tmp_path_factory.mktemp("c"), name=name) for name in NAMES}
    return made | {
        EVERYBODY: certificate,
        "submissions": certificates.make(tmp_path_factory.mktemp("c"), certificates.RSA),
    }


@pytest.fixture(scope="module")
def ours(each: Mapping[str, Certificate]) -> Certificates:
    return Certificates({entry: one.text for entry, one in each.items()})


def client(each: Mapping[str, Certificate], version: ssl.TLSVersion) -> ssl.SSLContext:
    context = each[EVERYBODY].client()
    for one in each.values():
        context.load_verify_locations(one.file)
    context.maximum_version = version
    return context


@pytest.mark.parametrize(
    ("sni", "role", "entry"),
    [
        ("", "smtp", "*"),
        ("mx.example.org", "smtp", "mx.example.org"),
        ("a.example.net", "submissions", "*.example.net"),
        ("", "submissions", "submissions"),
        ("nobody.example", "smtp", "*"),
    ],
)
def test_a_client_sees_the_one_that_it_asks_for(
    sni: str, role: str, entry: str, ours: Certificates, each: Mapping[str, Certificate]
) -> None:
    """RFC 6066 s3; and the login is bound to just that one (RFC 5929 s4)."""
    for version in VERSIONS:
        layer = ours.layer(place=Place("192.0.2.1", role))
        _, seen, agreed = connected(layer, client(each, version), sni=sni)

        assert seen.tls.getpeercert(binary_form=True) == each[entry].der
        assert agreed.sni == sni
        assert agreed.end_point == leaf(each[entry].text).end_point != b""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("sni", ["", "mx.example.org"])
def test_a_session_is_resumed_whichever_was_shown(
    version: ssl.TLSVersion, sni: str, ours: Certificates, each: Mapping[str, Certificate]
) -> None:
    context = client(each, version)
    _, first, agreed = connected(ours.layer(), context, sni=sni)
    assert not agreed.is_resumed
    again = connected(ours.layer(), context, session=ticket(first), sni=sni)[2]
    assert again.is_resumed
    assert again.end_point == agreed.end_point


@pytest.mark.parametrize(
    ("ciphers", "agreed"),
    [("", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("ECDHE+CHACHA20", "ECDHE-ECDSA-CHACHA20-POLY1305")],
)
def test_who_runs_the_server_may_choose_its_ciphers(
    ciphers: str, agreed: str, certificate: Certificate
) -> None:
    """Of TLS 1.2; 1.3 has its own."""
    ours = Certificates({EVERYBODY: certificate.text}, ciphers=ciphers)
    old, new = certificate.client(), certificate.client()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert connected(ours.layer(), old)[2].cipher == agreed
    assert connected(ours.layer(), new)[2].cipher == "TLS_AES_256_GCM_SHA384"


def test_two_handshakes_at_once_do_not_mix(
    ours: Certificates, each: Mapping[str, Certificate]
) -> None:
    """They share a context, and OpenSSL asks that for a name."""
    context = client(each, ssl.TLSVersion.TLSv1_3)
    names = ("mx.example.org", "a.example.net")
    both = [(ours.layer(), Client(context, sni=name)) for name in names]
    for _ in range(3):
        for layer, caller in both:
            caller.shakes_hands()
            layer.receive(caller.outgoing())
            layer.handshake()
        for layer, caller in both:
            caller.receive(layer.outgoing())
    seen = [caller.tls.getpeercert(binary_form=True) for _, caller in both]
    assert seen == [each["mx.example.org"].der, each["*.example.net"].der]


def ticket(client: Client) -> ssl.SSLSession | None:
    """TLS 1.3 brings it with the first octets."""
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.read(1)
    return client.tls.session
