"""How much TLS is owed to a host, by settings, DANE and MTA-STS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.delivery.tls_verdict import Published, need_of
from pymta.mail.host import Host
from pymta.resolver.answer import Answer, Failed, Found, NoSuchDomain
from pymta.routing.route import Remote
from pymta.tls.dane import Tlsa
from pymta.tls.mta_sts import Mode, Policy
from pymta.transport.tls_need import Level, Need, Unsure, Wish, of_message

MX = Host("mx.example.net", ip_address("192.0.2.1"))
SIGNED = replace(MX, signed=("mx.example.net",))
EE = Tlsa(3, 1, 1, b"x" * 32)
PKIX = Tlsa(1, 1, 1, b"x" * 32)
POLICY = Policy(Mode.ENFORCE, ("mx.example.net",), 86_400)
SERVFAIL = Failed("SERVFAIL")


def to(host: Host, **more: str) -> Remote:
    return replace(Remote("example.org", (host,), mx_of="example.org"), **more)  # type: ignore[arg-type]


def need(
    host: Host = MX,
    setting: str | dict[str, str] = "auto",
    *,
    tlsa: Mapping[str, Answer[Tlsa]] | None = None,
    policy: Policy | None = None,
    remote: Remote | None = None,
    is_waived: bool = False,
) -> Need | Unsure:
    known = tlsa or {}

    def ask(name: str, port: int) -> Answer[Tlsa]:
        assert host.signed, "nobody asks for what proves nothing"
        assert port == host.port
        return known.get(name, NoSuchDomain())

    published = Published(ask, lambda domain: policy if domain == "example.org" else None)
    return need_of(remote or to(host), host, setting, published, is_waived=is_waived)


def level(found: Need | Unsure) -> object:
    return found if isinstance(found, Unsure) else found.level


def test_without_any_word_there_is_tls_where_it_can_be_had() -> None:
    assert need() == Need(Level.MAY)


def test_signed_records_are_held_to() -> None:
    """RFC 7672 s2.2"""
    found = need(SIGNED, tlsa={"mx.example.net": Found((EE, PKIX), is_secure=True)})
    assert found == Need(
        Level.DANE,
        "DANE",
        ("mx.example.net", "example.org"),
        is_theirs=True,
        is_name_sure=True,
        records=(EE,),
    )


def test_of_a_host_with_two_names_the_first_with_records_counts() -> None:
    """RFC 7672 s2.2.2"""
    host = replace(MX, signed=("real.example", "mx.example.net"))
    both: dict[str, Answer[Tlsa]] = {"real.example": Found((EE,), True), "mx.example.net": SERVFAIL}
    found = need(host, tlsa=both)
    assert isinstance(found, Need)
    assert found.names == ("real.example", "example.org", "mx.example.net")
    assert level(need(host, tlsa={"mx.example.net": Found((EE,), True)})) is Level.DANE


def test_records_that_mail_cannot_go_by_ask_for_tls_all_the_same() -> None:
    """RFC 7672 s2.2"""
    found = need(SIGNED, tlsa={"mx.example.net": Found((PKIX,), is_secure=True)})
    assert isinstance(found, Need)
    assert (found.level, found.is_theirs) == (Level.MUST, True)
    assert found.because == "TLSA records of which none is usable"


def test_records_that_are_not_signed_prove_nothing() -> None:
    assert level(need(SIGNED, tlsa={"mx.example.net": Found((EE,))})) is Level.MAY


def test_who_cannot_be_asked_for_records_may_have_some() -> None:
    """RFC 7672 s2.1.3: else whoever is in the way turns DANE off."""
    found = need(SIGNED, tlsa={"mx.example.net": SERVFAIL}, policy=POLICY)
    assert found == Unsure("TLSA lookup for mx.example.net did not complete: SERVFAIL")


def test_a_policy_is_held_to() -> None:
    """RFC 8461 s4"""
    found = need(policy=POLICY)
    assert found == Need(
        Level.VERIFIED,
        "MTA-STS of example.org",
        ("mx.example.net",),
        is_theirs=True,
        is_name_sure=True,
    )


def test_a_host_that_the_policy_does_not_name_is_not_called() -> None:
    found = need(policy=replace(POLICY, mx=("*.example.com",)))
    assert found == Unsure("mx.example.net is no mail host by the MTA-STS policy of example.org")


@pytest.mark.parametrize("mode", [Mode.NONE, Mode.TESTING])
def test_a_policy_that_is_not_enforced_keeps_nothing(mode: Mode) -> None:
    assert level(need(policy=Policy(mode, ("other.example",), 1))) is Level.MAY


def test_dane_goes_before_a_policy() -> None:
    """RFC 8461 s2: also where the policy does not name the host."""
    tlsa = {"mx.example.net": Found((EE,), is_secure=True)}
    policy = replace(POLICY, mx=("other.example",))
    assert level(need(SIGNED, tlsa=tlsa, policy=policy)) is Level.DANE


def test_a_sender_may_waive_what_the_receiving_side_asks_for() -> None:
    """RFC 8689 s5: TLS-Required: No"""
    tlsa = {"mx.example.net": SERVFAIL}
    assert level(need(SIGNED, tlsa=tlsa, policy=POLICY, is_waived=True)) is Level.MAY
    assert level(need(SIGNED, "encrypt", is_waived=True)) is Level.MUST


@pytest.mark.parametrize(
    ("text", "wanted"), [("none", Level.NONE), ("may", Level.MAY), ("encrypt", Level.MUST)]
)
def test_the_word_of_an_operator_goes_before(text: str, wanted: Level) -> None:
    """So that a domain whose records are broken can be reached."""
    tlsa = {"mx.example.net": SERVFAIL}
    found = need(SIGNED, {"example.org": text}, tlsa=tlsa, policy=POLICY)
    assert isinstance(found, Need)
    assert (found.level, found.because) == (wanted, "remote_tls of example.org")
    assert not found.is_theirs


@pytest.mark.parametrize(
    ("host", "mx_of", "text", "wanted"),
    [
        pytest.param(SIGNED, "example.org", "verify", ("mx.example.net",), id="signed"),
        pytest.param(MX, "", "verify", ("mx.example.net",), id="named-by-an-operator"),
        pytest.param(MX, "example.net", "verify", ("mx.example.net",), id="of-the-domain-itself"),
        pytest.param(MX, "example.org", "verify", "was not signed", id="anybody's-word"),
        pytest.param(MX, "example.org", "verify a.b", ("a.b",), id="a-name"),
        pytest.param(
            MX, "example.org", "verify a.b *.example.net", ("a.b", "mx.example.net"), id="a-star"
        ),
        pytest.param(MX, "example.org", "verify *.b", "none of *.b", id="not-the-star"),
    ],
)
def test_a_name_that_a_stranger_chose_is_not_one_to_be_proved(
    host: Host, mx_of: str, text: str, wanted: object
) -> None:
    found = need(host, text, remote=to(host, mx_of=mx_of))
    if isinstance(found, Unsure):
        assert isinstance(wanted, str)
        assert wanted in found.why
    else:
        assert (found.level, found.names, found.is_name_sure) == (Level.VERIFIED, wanted, True)


def test_dane_only_is_the_word_of_an_operator_and_not_for_a_sender_to_waive() -> None:
    """RFC 8689 s4.2"""
    good = {"mx.example.net": Found((EE,), is_secure=True)}
    found = need(SIGNED, "dane-only", tlsa=good, is_waived=True)
    assert isinstance(found, Need)
    assert (found.level, found.because, found.records) == (Level.DANE, "remote_tls", (EE,))
    assert of_message(found, Wish(is_tls_optional=True)) == found


def test_dane_only_waits_for_records() -> None:
    useless = {"mx.example.net": Found((PKIX,), is_secure=True)}
    for tlsa in (useless, {}):
        found = need(SIGNED, "dane-only", tlsa=tlsa)
        assert found == Unsure("remote_tls: mx.example.net has no usable TLSA records")
    found = need(MX, "dane-only")
    assert found == Unsure("remote_tls: the DNS answers that led to mx.example.net were not signed")


def test_a_smarthost_has_a_word_of_its_own() -> None:
    remote = Remote("mx.example.net:587", (MX,), "smarthost", tls="encrypt")
    found = need(MX, "none", remote=remote)
    assert found == Need(Level.MUST, "tls of smarthost mx.example.net:587", is_name_sure=True)
    plain = replace(remote, tls="")
    assert level(need(MX, {"mx.example.net": "none", "*": "encrypt"}, remote=plain)) is Level.NONE
    assert level(need(MX, policy=POLICY, remote=plain)) is Level.MAY


MX_OF_SMARTHOST = replace(MX, mx_of="example.org")
BY_SMARTHOST = Remote("example.org", (MX_OF_SMARTHOST,), "smarthost")


@pytest.mark.parametrize(
    ("mx_of", "tls", "wanted"),
    [
        ("example.org", "verify", "names mx.example.net as a mail host of example.org was not"),
        ("example.net", "verify", ("mx.example.net",)),
        ("example.org", "verify mx.example.net", ("mx.example.net",)),
        ("example.org", "dane-only", "were not signed"),
    ],
)
def test_of_a_smarthost_by_mx_the_name_is_that_of_the_operator(
    mx_of: str, tls: str, wanted: object
) -> None:
    """Else who forges the DNS answer gets the mail, and the login with it."""
    host = replace(MX, mx_of=mx_of)
    found = need(host, remote=replace(BY_SMARTHOST, hosts=(host,), tls=tls))
    if isinstance(found, Unsure):
        assert isinstance(wanted, str)
        assert wanted in found.why
    else:
        assert (found.level, found.names) == (Level.VERIFIED, wanted)


def test_a_signed_mail_host_of_a_smarthost_is_held_to_its_records() -> None:
    """RFC 7672 s3.2.2"""
    host = replace(SIGNED, mx_of="example.org")
    found = need(host, tlsa={"mx.example.net": Found((EE,), is_secure=True)}, remote=BY_SMARTHOST)
    assert isinstance(found, Need)
    assert (found.level, found.names) == (Level.DANE, ("mx.example.net", "example.org"))


def test_a_mail_host_of_a_smarthost_is_as_unsure_as_the_answer_that_named_it() -> None:
    for setting in ("auto", "encrypt"):
        found = need(MX_OF_SMARTHOST, setting, remote=BY_SMARTHOST)
        assert isinstance(found, Need)
        assert not found.is_name_sure


def test_remote_tls_knows_a_smarthost_by_the_name_in_the_settings() -> None:
    setting = {"mx.example.net": "none", "example.org": "encrypt"}
    found = need(MX_OF_SMARTHOST, setting, remote=BY_SMARTHOST)
    assert str(found) == "encrypt (remote_tls of example.org)"


def test_no_policy_is_asked_for_on_the_way_to_a_smarthost() -> None:
    """RFC 8461 is about the domain of a recipient."""
    assert level(need(MX_OF_SMARTHOST, policy=POLICY, remote=BY_SMARTHOST)) is Level.MAY
