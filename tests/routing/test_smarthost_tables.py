"""Smarthosts for those whom tables name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.config.address_list import AddressList
from pymta.config.domain_list import DomainList
from pymta.config.smarthosts import Smarthost, faults
from pymta.routing.ourselves import Ourselves
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Remote
from pymta.routing.router import Router
from pymta.routing.smarthost import choose
from pymta.tables.address_tables import AddressTables
from pymta.tables.table import Answer, Table, Unsure
from pymta.tables.text import TextTable
from tests.routing.test_router import SETTINGS, in_place
from tests.routing.test_router import Table as Dns

AWAY = "table people cannot be asked: it is away"


class Away:
    def lookup(self, key: str) -> Answer:
        return Unsure(AWAY)


TABLES: dict[str, Table] = {
    "/people": TextTable("/people", "a@one.test:\n@two.test:\n"),
    "/domains": TextTable("/domains", "@partner.test:\n"),
    "table:people": Away(),
}
LISTED = Smarthost(
    "listed", ("h",), senders=AddressList(["b@one.test"], ""), senders_in=("/people",)
)
TO_PARTNER = Smarthost("partner", ("h",), domains_in=("/domains",))
NEAR = Smarthost("near", ("h",), domains=DomainList(["near.test"], ""), domains_in=("/domains",))
UNSURE = Smarthost("unsure", ("h",), senders_in=("table:people",))


def chosen(sender: str, domain: str, *smarthosts: Smarthost) -> str:
    found = choose(smarthosts, sender, domain, TABLES.__getitem__)
    assert not isinstance(found, Defer)
    return found.name if found else ""


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("A@one.test", "listed"),
        ("b@one.test", "listed"),
        ("c@one.test", ""),
        ("any@Two.test", "listed"),
        ("", ""),
    ],
)
def test_a_sender_is_in_the_list_or_in_a_table(sender: str, name: str) -> None:
    assert chosen(sender, "x.test", LISTED) == name


@pytest.mark.parametrize(
    ("domain", "name"),
    [("partner.test", "partner"), ("sub.partner.test", ""), ("[192.0.2.1]", "")],
)
def test_a_domain_is_in_a_table(domain: str, name: str) -> None:
    assert chosen("a@one.test", domain, TO_PARTNER) == name


def test_a_domain_is_in_the_list_or_in_a_table() -> None:
    assert chosen("", "near.test", NEAR) == chosen("", "partner.test", NEAR) == "near"


def test_mail_waits_while_nobody_can_say_whose_it_is() -> None:
    """But not for a table that was not asked, because one before it takes the mail."""
    found = choose((UNSURE, TO_PARTNER), "a@one.test", "partner.test", TABLES.__getitem__)
    assert found == Defer(AWAY, "4.3.0")
    assert chosen("a@one.test", "partner.test", TO_PARTNER, UNSURE) == "partner"


def test_a_route_asks_the_tables_of_the_settings() -> None:
    own = OwnAddresses(SETTINGS, tables=AddressTables(named=TABLES.__getitem__))
    ours = Ourselves("here.test", frozenset, lambda _: False)
    hosts = (replace(LISTED, hosts=("192.0.2.1",)), replace(UNSURE, hosts=("192.0.2.2",)))
    for sender, wanted in (("a@one.test", ("192.0.2.1", "smarthost")), ("c@one.test", AWAY)):
        router = Router(own, Dns(), ours, in_place, smarthosts=hosts, sender=sender)
        route = router.route("x@far.test")
        if isinstance(route, Remote):
            assert (route.destination, route.router) == wanted
        else:
            assert isinstance(route, Defer)
            assert route.why == wanted


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ("cidr:/x", 'want the absolute path of a file, such as "/etc/pymta/virtual", "regex:"'),
        ("table:poeple", 'no such table; did you mean "table:people"?'),
    ],
)
def test_a_table_that_cannot_be_meant_is_a_mistake(item: str, wanted: str) -> None:
    tables = {"x": {"hosts": ["h"], "senders_in": ["table:people", item]}}
    [(place, value, told)] = faults(tables, ("people",))
    assert (place, value) == (("x", "senders_in", 1), item)
    assert told.startswith(wanted)
