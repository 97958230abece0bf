"""On what terms a message goes to a host, and what the log says of how it went."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from pymta.config.transport import Transport
from pymta.delivery.terms_of import terms_of
from pymta.delivery.tls_verdict import Published
from pymta.journal.delivery_events import Leg, delivered
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.resolver.answer import Found
from pymta.routing.route import Remote
from pymta.spool.store import Seal
from pymta.tls.dane import Tlsa
from pymta.tls.facts import Facts
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Level, Need, Wish, of_message
from tests.doubles.deliveries import SETTINGS, UNPUBLISHED, Rig

MX = Host("mx.example.org", ip_address("192.0.2.1"))
BY_DNS = Remote("example.org", (MX,), mx_of="example.org")


def terms(route: Remote = BY_DNS, host: Host = MX, **options: Any) -> Terms:
    settings = replace(SETTINGS, transport=Transport(**options))
    found = terms_of(route, host, is_waived=False, settings=settings, published=UNPUBLISHED)
    assert isinstance(found, Terms)
    return found


def test_tls_where_it_can_be_had_is_what_everybody_gets() -> None:
    assert terms().need.level is Level.MAY


@pytest.mark.parametrize(
    "item", ["mx.example.org", "*.example.org", "192.0.2.0/24", "192.0.2.1", "*", "^mx\\."]
)
def test_a_host_is_known_by_the_name_it_was_found_under_and_by_its_address(item: str) -> None:
    assert terms(hosts_require_tls=(item,)).need.level is Level.MUST
    other = Host("other.example.net", ip_address("198.51.100.1"))
    found = terms(host=other, hosts_require_tls=(item,))
    assert (found.need.level is Level.MUST) == (item == "*")


def test_what_is_asked_for_is_never_avoided() -> None:
    assert terms(hosts_avoid_tls=("*",)).need.level is Level.NONE
    assert terms(hosts_avoid_tls=("*",), remote_tls="encrypt").need.level is Level.MUST
    both = terms(hosts_avoid_tls=("*",), hosts_require_tls=("*",))
    assert both.need.level is Level.MUST


def test_a_certificate_of_ours_is_for_its_host_alone_which_must_speak_tls() -> None:
    own = OwnCertificate("/etc/pymta/own.pem")
    route = Remote("smart.example", (MX,), "smarthost", own=own)
    assert terms(route).need.level is Level.MUST
    assert terms(route).own == own
    assert terms(route).key == "encrypt certificate /etc/pymta/own.pem"
    assert terms().own is None


def test_a_login_needs_tls_unless_a_setting_says_otherwise() -> None:
    login = Login("us", "/etc/pymta/secret")
    route = Remote("smart.example", (MX,), "smarthost", login)
    assert (terms(route).need.level, terms(route).login) == (Level.MUST, login)
    bold = replace(route, login=replace(login, may_go_in_clear=True))
    assert terms(bold).need.level is Level.MAY


@pytest.mark.parametrize("tls", ["", "dane-only"])
@pytest.mark.parametrize("may_go_in_clear", [False, True])
def test_where_we_log_in_no_author_waives_what_keeps_the_password(
    tls: str, *, may_go_in_clear: bool
) -> None:
    """RFC 8689 s4.2: a header field would open the way for who puts himself in between."""
    login = Login("us", "/etc/pymta/secret", may_go_in_clear=may_go_in_clear)
    host = replace(MX, signed=(MX.name,))
    route = Remote("smart.example", (host,), "smarthost", login, tls=tls)
    records = Published(
        lambda *_: Found((Tlsa(3, 1, 1, b"x" * 32),), is_secure=True), lambda _: None
    )
    found = terms_of(route, host, is_waived=True, settings=SETTINGS, published=records)
    assert isinstance(found, Terms)
    assert found.need.level is Level.DANE
    assert of_message(found.need, Wish(is_tls_optional=True)) == found.need


def test_a_host_that_the_operator_named_is_sure_and_one_from_the_dns_is_not() -> None:
    assert terms(Remote("x", (MX,), "smarthost")).need.is_name_sure
    assert not terms().need.is_name_sure


def test_requiretls_goes_on_to_a_host_of_ours(rig: Rig) -> None:
    """RFC 8689 s4.2.1; the order of an operator names the host, not the DNS."""
    id = rig.put("a@x.example", requires_tls=True)
    rig.sure = True
    assert rig.attempt(id)[-1] == "Completed"
    (found,) = rig.terms
    assert (found.need.level, found.need.asks_requiretls) == (Level.VERIFIED, True)
    assert rig.parcels[0].wishes.requires_tls


def test_what_the_author_lets_go_in_clear_asks_for_less(rig: Rig) -> None:
    """RFC 8689 s4.2.2"""
    rig.need = Need(Level.VERIFIED, "MTA-STS", is_theirs=True)
    intake = rig.spool().begin(rig.envelope("a@x.example"))
    intake.write(b"Subject: x\r\n\r\n")
    intake.commit(Seal(tls_optional=True))
    rig.attempt(intake.id)
    rig.attempt(rig.put("b@x.example"))
    assert [found.need.level for found in rig.terms] == [Level.MAY, Level.VERIFIED]


def test_those_who_do_not_fit_go_in_the_next_transaction_and_those_before_are_on_disk(
    rig: Rig,
) -> None:
    """RFC 9422: RCPTMAX"""
    rig.at_once = 2
    id = rig.put(*(f"{name}@x.example" for name in "abcde"))
    pending: list[tuple[int, ...]] = []
    rig.after_sending = lambda: pending.append(_pending(rig, id))
    lines = rig.attempt(id)
    assert [line.split()[0] for line in lines] == ["=>", "->", "=>", "->", "=>", "Completed"]
    assert pending == [(0, 1, 2, 3, 4), (2, 3, 4), (4,)]


def _pending(rig: Rig, id: str) -> tuple[int, ...]:
    state = rig.state(id)
    assert state
    return state.pending


def test_a_line_tells_how_it_went() -> None:
    facts = Facts("TLS1.3", "TLS_AES_256_GCM_SHA384", 256, proof="yes")
    leg = Leg("id", "s@x", "r@y", "smarthost", "smtp", MX, tls=facts, login="PLAIN", is_reused=True)
    event = delivered(leg, "250 ok")
    assert event.text == (
        "=> r@y R=smarthost T=smtp H=mx.example.org [192.0.2.1]*"
        ' X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes A=PLAIN C="250 ok"'
    )
    assert event.fields["TLS"] == facts.text
    assert (event.fields["TLS_PROOF"], event.fields["MECHANISM"]) == ("yes", "PLAIN")


def test_a_line_tells_that_the_host_has_another_message_than_came() -> None:
    event = delivered(Leg("id", "s@x", "r@y", "mx", "smtp", MX, converted="7bit"), "250 ok")
    assert event.text.endswith(' CONV=7bit C="250 ok"')
    assert event.fields["CONVERTED"] == "7bit"
