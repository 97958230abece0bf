"""Whose sender becomes one of ours, and where reports to such a one go."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox
from pymta.routing.address_class import Ours, TheirDomain, classify
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Expanded, Fail, Item
from pymta.routing.srs import NOT_OURS, is_outside, sender_of_ours
from pymta.routing.target import Whom
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Unsure

NOW = 20_784 * 86_400.0
FILES = ("/etc/pymta/srs.secret",)
ROUTING = Routing(
    primary_hostname="we.example",
    virtual_domains=("virtual.example",),
    virtual_aliases=("/etc/pymta/virtual",),
    relay_to_domains=("behind.example",),
    srs_secrets=FILES,
)
SIGNED = "SRS0=UoEz=JQ=example.com=alice"


def secrets() -> tuple[bytes, ...] | Unsure:
    return (b"tops3cr3t", b"older")


def unreadable() -> tuple[bytes, ...] | Unsure:
    return Unsure("srs_secrets: it cannot be read")


def sender(text: str, **changes: object) -> str | Unsure:
    routing = replace(ROUTING, **changes)  # type: ignore[arg-type]
    is_local = {ip_address("198.51.100.1")}.__contains__
    return sender_of_ours(text, routing, secrets, NOW, is_local)


def test_a_sender_of_others_becomes_ours() -> None:
    assert sender("alice@example.com") == f"{SIGNED}@we.example"
    assert sender("alice@example.com", srs_domain="srs.we.example") == f"{SIGNED}@srs.we.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user@we.example",
        "user@WE.example",
        "info@virtual.example",
        "user@localhost",
        "user@[198.51.100.1]",
        f"{SIGNED}@we.example",
    ],
)
def test_our_own_senders_and_that_of_reports_stay(text: str) -> None:
    assert sender(text) == text


def test_so_do_all_without_a_secret() -> None:
    assert sender("alice@example.com", srs_secrets=()) == "alice@example.com"


def test_one_that_would_be_too_long_stays() -> None:
    long = f"a@{'.'.join(['d' * 60] * 4)}"
    assert sender(long) == long


def test_without_a_secret_that_can_be_read_nothing_is_sent_on() -> None:
    found = sender_of_ours("alice@example.com", ROUTING, unreadable, NOW, lambda _: False)
    assert isinstance(found, Unsure)


def test_hosts_behind_us_are_not_outside() -> None:
    assert is_outside("a@far.example", ROUTING)
    assert not is_outside("a@Behind.example", ROUTING)


def own(**changes: object) -> OwnAddresses:
    routing = replace(ROUTING, **changes)  # type: ignore[arg-type]
    return OwnAddresses(Settings(routing=routing), tables=AddressTables(srs_secrets=secrets))


def test_it_leads_back_to_whose_mail_it_was() -> None:
    route = own().route(Ours(SIGNED, "we.example"))
    item = Item(Whom(Mailbox("alice", "example.com")), "srs")
    assert route == Expanded((item,), SIGNED, "srs", "srs")


def test_one_that_we_have_not_made_leads_nowhere() -> None:
    assert own().route(Ours(SIGNED.replace("alice", "eve"), "we.example")) == NOT_OURS
    assert own().route(Ours(SIGNED, "we.example"), is_final=True) == NOT_OURS


def test_elsewhere_it_is_any_name() -> None:
    for changed in (own(srs_domain="srs.we.example"), own(srs_secrets=())):
        route = changed.route(Ours(SIGNED, "we.example"))
        assert isinstance(route, Fail)
        assert route.text == "Unknown user"


def test_without_a_secret_that_can_be_read_reports_wait() -> None:
    tables = AddressTables(srs_secrets=unreadable)
    route = OwnAddresses(Settings(routing=ROUTING), tables=tables).route(Ours(SIGNED, "we.example"))
    assert isinstance(route, Defer)


def test_a_domain_of_its_own_has_nobody_else_in_it() -> None:
    routing = replace(ROUTING, srs_domain="SRS.we.example")
    found = classify("user@srs.we.example", routing, lambda _: False)
    assert found == Ours("user", "srs.we.example", is_virtual=True)
    assert isinstance(own(srs_domain="srs.we.example").route(found), Fail)
    assert classify("user@srs.we.example", ROUTING, lambda _: False) == TheirDomain(
        "srs.we.example"
    )
