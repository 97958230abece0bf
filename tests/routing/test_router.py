"""Recipient to route, with answers from a table in place of the DNS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.accounts.account import Account
from pymta.config.listen import Listen
from pymta.config.routing import Routing
from pymta.config.settings import Machine, Settings
from pymta.config.smarthosts import Smarthost, only
from pymta.mail.caller import Address, LocalSocket
from pymta.mail.host import Host
from pymta.mail.login import Login, OwnCertificate
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain, Nothing
from pymta.routing.here import here, is_on_interface
from pymta.routing.mx import MOST_HOSTS, MOST_TARGETS, route_by_mx
from pymta.routing.ourselves import Ourselves, our_ports
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Fail, Lmtp, Local, Remote, Route, User
from pymta.routing.router import Router
from pymta.routing.smarthost import route_by_smarthost, smarthosts_of

LOOPBACK = ("::1", "127.0.0.1")
V4 = ip_address("192.0.2.1")
V6 = ip_address("2001:db8::1")
US = ip_address("203.0.113.1")


class Table:
    """Lookups from two tables; what stands in none does not exist."""

    def __init__(
        self, mx: dict[str, Answer[Mx]] | None = None, addresses: Mapping[str, object] | None = None
    ) -> None:
        self._mx = mx or {}
        self._addresses = addresses or {}
        self.asked: list[str] = []

    def mx(self, domain: str, /) -> Answer[Mx]:
        self.asked.append(domain)
        return self._mx.get(domain, NoSuchDomain())

    def addresses(self, name: str, /) -> Answer[Address]:
        self.asked.append(name)
        found = self._addresses.get(name, NoSuchDomain())
        if isinstance(found, (Nothing, NoSuchDomain, Failed)):
            return found
        if isinstance(found, Found):
            return found
        assert isinstance(found, (tuple, list))
        return Found(tuple(found))


def in_place(items: list[Mx]) -> None:
    """A shuffle that changes nothing."""


def is_us(host: Host) -> bool:
    return host.address == US and host.port == 25


def by_mx(table: Table, shuffle: Callable[[list[Mx]], None] = in_place, port: int = 25) -> Route:
    return route_by_mx("example.org", table, port=port, is_ours=is_us, shuffle=shuffle)


def mxs(*pairs: tuple[int, str]) -> dict[str, Answer[Mx]]:
    return {"example.org": Found(tuple(Mx(*pair) for pair in pairs))}


def to_mx(hosts: tuple[Host, ...]) -> Remote:
    return Remote("example.org", hosts, mx_of="example.org")


TWO = {"a": [V6, V4], "b": [ip_address("192.0.2.2")], "us": [US]}


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        pytest.param(Table(), Fail("domain example.org does not exist", "5.1.2"), id="no-domain"),
        pytest.param(
            Table({"example.org": Failed("timed out")}),
            Defer("host lookup for example.org did not complete: timed out", "4.4.3"),
            id="nobody-knows",
        ),
        pytest.param(
            Table(mxs((0, ""))), Fail("domain example.org accepts no mail", "5.1.10"), id="null-mx"
        ),
        pytest.param(
            Table(mxs((0, ""), (10, "b")), TWO),
            to_mx((Host("b", ip_address("192.0.2.2")),)),
            id="null-mx-among-others",
        ),
        pytest.param(
            Table({"example.org": Nothing()}, {"example.org": [V4]}),
            to_mx((Host("example.org", V4),)),
            id="implicit-mx",
        ),
        pytest.param(
            Table({"example.org": Nothing()}, {"example.org": Nothing()}),
            Fail("domain example.org has no mail host", "5.1.2"),
            id="neither-mx-nor-address",
        ),
        pytest.param(
            Table({"example.org": Nothing()}, {"example.org": Failed("timed out")}),
            Defer("host lookup for example.org did not complete: example.org: timed out"),
            id="implicit-mx-nobody-knows",
        ),
        pytest.param(
            Table({"example.org": Nothing()}, {"example.org": [US]}),
            Fail("mail for example.org loops back to myself", "5.4.6"),
            id="implicit-mx-is-us",
        ),
        pytest.param(
            Table(mxs((20, "b"), (10, "a")), TWO),
            to_mx((Host("a", V6), Host("a", V4), Host("b", ip_address("192.0.2.2")))),
            id="best-first",
        ),
        pytest.param(
            Table(mxs((10, "gone"), (20, "b")), TWO),
            to_mx((Host("b", ip_address("192.0.2.2")),)),
            id="target-without-address",
        ),
        pytest.param(
            Table(mxs((10, "gone"), (20, "gone2"))),
            Fail("no MX host of example.org has an address", "5.4.4"),
            id="no-target-has-an-address",
        ),
        pytest.param(
            Table(mxs((10, "gone"), (20, "dim")), {"dim": Failed("SERVFAIL")}),
            Defer("host lookup for example.org did not complete: dim: SERVFAIL"),
            id="one-target-may-have",
        ),
        pytest.param(
            Table(mxs((10, "dim"), (20, "b")), TWO | {"dim": Failed("SERVFAIL")}),
            to_mx((Host("b", ip_address("192.0.2.2")),)),
            id="the-known-ones-serve",
        ),
        pytest.param(
            Table(mxs((10, "a"), (20, "us"), (20, "b"), (30, "b")), TWO),
            to_mx((Host("a", V6), Host("a", V4))),
            id="we-and-all-worse-dropped",
        ),
        pytest.param(
            Table(mxs((10, "us"), (20, "b")), TWO),
            Fail("mail for example.org loops back to myself", "5.4.6"),
            id="we-are-the-best",
        ),
        pytest.param(
            Table(mxs((5, "dim"), (10, "us")), TWO | {"dim": Failed("SERVFAIL")}),
            Defer("host lookup for example.org did not complete: dim: SERVFAIL"),
            id="a-better-one-may-be",
        ),
    ],
)
def test_mx_answers_become_hosts(table: Table, wanted: Route) -> None:
    assert by_mx(table) == wanted


def test_a_server_on_another_port_of_our_machine_is_not_us() -> None:
    assert isinstance(by_mx(Table(mxs((10, "us")), TWO), port=2526), Remote)


def test_equal_preferences_come_in_the_order_of_the_dice() -> None:
    table = Table(mxs((10, "a"), (10, "b"), (20, "c")), {"a": [V4], "b": [V6], "c": [V4]})
    route = by_mx(table, shuffle=lambda items: items.reverse())
    assert isinstance(route, Remote)
    assert [host.name for host in route.hosts] == ["b", "a", "c"]


def test_a_long_list_is_bounded_and_the_best_stay() -> None:
    names = [f"h{n:03}" for n in range(60)]
    many = [ip_address(f"198.51.100.{n}") for n in range(10)]
    table = Table(
        mxs(*((n, name) for n, name in enumerate(names))), dict.fromkeys(names, tuple(many))
    )
    route = by_mx(table)
    assert isinstance(route, Remote)
    assert len(route.hosts) == MOST_HOSTS
    assert route.hosts[0].name == "h000"
    assert len(table.asked) == 1 + MOST_TARGETS


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", "us", "gone"])), max_size=8)
)
def test_mail_never_comes_back_to_us_whatever_the_list(pairs: list[tuple[int, str]]) -> None:
    table = Table(mxs(*pairs) if pairs else {"example.org": Nothing()}, TWO)
    route = by_mx(table)
    if isinstance(route, Remote):
        best_of_us = min((p for p, name in pairs if name == "us"), default=99)
        preference = {name: max(p for p, n in pairs if n == name) for _, name in pairs}
        assert all(host.address != US for host in route.hosts)
        assert all(
            min(p for p, n in pairs if n == host.name) < best_of_us for host in route.hosts
        ), preference


SAFE = Found((V4,), is_secure=True)


@pytest.mark.parametrize(
    ("mx", "addresses", "signed"),
    [
        pytest.param(Found((Mx(1, "a"),), True), SAFE, ("a",), id="all-of-it"),
        pytest.param(Found((Mx(1, "a"),)), SAFE, (), id="not-who-the-hosts-are"),
        pytest.param(Found((Mx(1, "a"),), True), Found((V4,)), (), id="not-where-the-host-is"),
        pytest.param(
            Found((Mx(1, "a"),), True), Found((V4,), True, "b"), ("b", "a"), id="an-alias"
        ),
        pytest.param(Nothing(), SAFE, ("example.org",), id="the-domain-itself"),
    ],
)
def test_a_host_is_sure_when_all_that_led_to_it_was_signed(
    mx: Answer[Mx], addresses: Found[Address], signed: tuple[str, ...]
) -> None:
    """RFC 7672 s2.2"""
    route = by_mx(Table({"example.org": mx}, {"a": addresses, "example.org": addresses}))
    assert isinstance(route, Remote)
    assert [host.signed for host in route.hosts] == [signed]


# The chain.

SETTINGS = Settings(
    routing=Routing(
        primary_hostname="mail.example.com",
        local_domains=("@", "localhost", "Example.COM"),
        local_parts=("user", "o.k"),
    )
)


def router(table: Table, settings: Settings = SETTINGS, sender: str = "") -> Router:
    ours = Ourselves("mail.example.com", lambda: frozenset({25}), lambda address: address == US)
    found = smarthosts_of(settings)
    return Router(OwnAddresses(settings), table, ours, in_place, smarthosts=found, sender=sender)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        pytest.param("user@mail.example.com", Local("user"), id="our-name"),
        pytest.param("USER@LocalHost", Local("user"), id="letter-case"),
        pytest.param('"user"@example.com', Local("user"), id="needless-quotes"),
        pytest.param("Postmaster@localhost", Local("postmaster"), id="postmaster-always"),
        pytest.param("postmaster", Local("postmaster"), id="bare-postmaster"),
        pytest.param("user@[203.0.113.1]", Local("user"), id="our-literal"),
        pytest.param("nobody@localhost", Fail("Unknown user", "5.1.1"), id="unknown"),
        pytest.param('"../user"@localhost', Fail("Unknown user", "5.1.1"), id="path-in-local-part"),
        pytest.param(
            "a@[192.0.2.1]", Remote("[192.0.2.1]", (Host("[192.0.2.1]", V4),)), id="their-literal"
        ),
        pytest.param(
            "a@[IPv6:2001:DB8::1]",
            Remote("[2001:db8::1]", (Host("[2001:db8::1]", V6),)),
            id="their-literal-ipv6",
        ),
        pytest.param("a@example.org", Fail("domain example.org does not exist", "5.1.2"), id="mx"),
        pytest.param("a b", Fail("no such address: malformed local part", "5.1.3"), id="nonsense"),
    ],
)
def test_a_recipient_has_one_route(address: str, wanted: Route) -> None:
    assert router(Table()).route(address) == wanted


def test_a_domain_is_looked_up_once_for_all_its_recipients() -> None:
    table = Table(mxs((10, "b")), TWO)
    chain = router(table)
    assert chain.route("x@example.org") is chain.route("y@EXAMPLE.org")
    assert table.asked == ["example.org", "b"]


def with_smarthost(smarthost: str) -> Settings:
    return replace(SETTINGS, routing=replace(SETTINGS.routing, smarthost=smarthost))


def test_a_smarthost_takes_every_remote_domain_in_one_go() -> None:
    chain = router(Table({}, {"Relay.example": [V4]}), with_smarthost("Relay.example:2525"))
    wanted = Remote("relay.example:2525", (Host("relay.example", V4, 2525),), router="smarthost")
    assert chain.route("a@one.example") == wanted
    assert chain.route("a@[192.0.2.99]") == wanted
    assert chain.route("user@localhost") == Local("user")


@pytest.mark.parametrize(
    ("smarthost", "wanted"),
    [
        pytest.param(
            "[::1]:2526",
            Remote("[::1]:2526", (Host("[::1]", ip_address("::1"), 2526),), router="smarthost"),
            id="ipv6-literal",
        ),
        pytest.param(
            "gone.example", Defer("smarthost gone.example has no address", "4.4.4"), id="gone"
        ),
        pytest.param(
            "dim.example",
            Defer("host lookup for smarthost dim.example did not complete: SERVFAIL"),
            id="nobody-knows",
        ),
        pytest.param(
            "203.0.113.1", Defer("smarthost 203.0.113.1 is this server itself", "4.4.6"), id="us"
        ),
    ],
)
def test_trouble_with_the_smarthost_never_returns_mail(smarthost: str, wanted: Route) -> None:
    table = Table({}, {"dim.example": Failed("SERVFAIL")})
    found = route_by_smarthost(only(smarthost), table, is_ours=is_us, shuffle=in_place)
    assert found == wanted


def test_who_we_are_there_goes_with_the_route() -> None:
    login, own = Login("us", "/etc/pymta/password"), OwnCertificate("/etc/pymta/own.pem")
    one = Smarthost("p", ("[192.0.2.9]",), login=login, own=own)
    route = route_by_smarthost(one, Table({}, {}), is_ours=is_us, shuffle=in_place)
    assert isinstance(route, Remote)
    assert (route.login, route.own) == (login, own)


def test_the_hosts_of_a_smarthost_come_one_after_another() -> None:
    one = Smarthost("p", ("[192.0.2.9]", "gone.example", "b:587"))
    route = route_by_smarthost(one, Table({}, TWO), is_ours=is_us, shuffle=in_place)
    assert isinstance(route, Remote)
    assert [str(host) for host in route.hosts] == ["[192.0.2.9] [192.0.2.9]", "b [192.0.2.2]:587"]


@pytest.mark.parametrize(
    ("mx", "wanted"),
    [
        (
            mxs((20, "b"), (10, "a")),
            ["a [2001:db8::1]:587", "a [192.0.2.1]:587", "b [192.0.2.2]:587"],
        ),
        ({"example.org": Failed("SERVFAIL")}, "4.4.3"),
        ({}, "4.4.4"),
    ],
)
def test_a_smarthost_may_be_a_domain_with_mail_hosts(
    mx: dict[str, Answer[Mx]], wanted: object
) -> None:
    one = Smarthost("p", ("Example.org:587",), by_mx=True, tls="verify")
    route = route_by_smarthost(one, Table(mx, TWO), is_ours=is_us, shuffle=in_place)
    if isinstance(route, Remote):
        assert [str(host) for host in route.hosts] == wanted
        assert (route.router, route.tls, route.mx_of) == ("smarthost", "verify", "")
        assert {host.mx_of for host in route.hosts} == {"example.org"}
    else:
        assert isinstance(route, Defer)
        assert route.enhanced == wanted


@pytest.mark.parametrize("mx", [{"a": Nothing()}, {"a": Found((Mx(1, "a"),))}])
def test_a_smarthost_that_is_its_own_mail_host_is_the_one_that_the_operator_named(
    mx: dict[str, Answer[Mx]],
) -> None:
    one = Smarthost("p", ("A", "[192.0.2.9]"), by_mx=True)
    route = route_by_smarthost(one, Table(mx, TWO), is_ours=is_us, shuffle=in_place)
    assert isinstance(route, Remote)
    assert [host.mx_of for host in route.hosts] == ["", "", ""]


SMARTHOSTS = {
    "direct": {"domains": ["partner.example", "*.partner.example"]},
    "alice": {
        "hosts": ["a:465"],
        "senders": ["alice@mail.example.com"],
        "login": "alice",
        "password_file": "/etc/alice",
    },
    "reports": {"hosts": ["b:26"], "senders": ["<>"]},
    "both": {"hosts": ["b"], "senders": ["@"], "domains": ["only.example"], "tls": "encrypt"},
}


@pytest.mark.parametrize(
    ("sender", "recipient", "wanted"),
    [
        ("alice@mail.example.com", "x@one.example", "a:465"),
        ("ALICE@MAIL.example.com", "x@[192.0.2.7]", "a:465"),
        ("alice@mail.example.com", "x@partner.example", "partner.example"),
        ("", "x@one.example", "b:26"),
        ("bob@mail.example.com", "x@only.example", "b"),
        ("bob@other.example", "x@only.example", "last.example"),
        ("bob@mail.example.com", "x@one.example", "last.example"),
    ],
)
def test_the_first_smarthost_takes_it_whose_senders_and_domains_hold(
    sender: str, recipient: str, wanted: str
) -> None:
    routing = replace(SETTINGS.routing, smarthosts=SMARTHOSTS, smarthost="last.example")
    addresses = {name: [V4] for name in ("a", "b", "last.example", "partner.example")}
    table = Table({"partner.example": Nothing()}, addresses)
    route = router(table, replace(SETTINGS, routing=routing), sender).route(recipient)
    assert isinstance(route, Remote)
    assert route.destination == wanted
    is_alice = wanted == "a:465"
    login = Login("alice", "/etc/alice") if is_alice else None
    assert (route.login, route.tls_on_connect) == (login, is_alice)
    assert route.tls == {"a:465": "verify", "b": "encrypt"}.get(wanted, "")


# Ourselves.


def test_our_name_at_our_port_is_us_even_behind_address_translation() -> None:
    ours = Ourselves("mail.example.com", lambda: frozenset({25}), lambda _: False)
    assert ours.is_host(Host("MAIL.example.com", V4))
    assert not ours.is_host(Host("mail.example.com", V4, 2525))
    assert not ours.is_host(Host("other.example.com", V4))


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        pytest.param(Settings(), {25}, id="default"),
        pytest.param(Settings(machine=Machine(serve_port=2525)), {2525}, id="terminal"),
        pytest.param(
            Settings(
                listen=Listen(
                    daemon_smtp_ports=("587", "smtp", "unheard-of"),
                    local_interfaces=("127.0.0.1.2527", "[::1]:2528", "0.0.0.0"),
                )
            ),
            {25, 587, 2527, 2528},
            id="interfaces-with-ports",
        ),
    ],
)
def test_our_ports_are_those_of_the_settings(settings: Settings, wanted: set[int]) -> None:
    assert our_ports(settings, {"smtp": 25}.get) == wanted


def test_the_machine_knows_its_own_addresses() -> None:
    assert is_on_interface(ip_address("127.0.0.1"))
    assert not is_on_interface(ip_address("192.0.2.1"))


@pytest.mark.parametrize(
    ("options", "is_handed_sockets", "ours"),
    [
        pytest.param({}, False, {"127.0.0.1", "127.0.0.2", "::1"}, id="wildcards"),
        pytest.param(
            {"local_interfaces": ("0.0.0.0",)}, False, {"127.0.0.1", "127.0.0.2"}, id="v4"
        ),
        pytest.param(
            {"local_interfaces": ("127.0.0.1.2525", "[192.0.2.1]:25")},
            False,
            {"127.0.0.1", "192.0.2.1"},
            id="some of them",
        ),
        pytest.param(
            {"local_interfaces": ("127.0.0.1",)},
            True,
            {"127.0.0.1", "127.0.0.2", "::1"},
            id="handed in",
        ),
        pytest.param(
            {"local_interfaces": ("127.0.0.1",), "extra_local_interfaces": ("192.0.2.1", "::0")},
            False,
            {"127.0.0.1", "192.0.2.1", "::1"},
            id="extra",
        ),
    ],
)
def test_where_we_listen_is_here(
    options: dict[str, Any], is_handed_sockets: bool, ours: set[str]
) -> None:
    """IF-07"""
    settings = Settings(
        listen=Listen(**options), machine=Machine(is_handed_sockets=is_handed_sockets)
    )
    asked = ("127.0.0.1", "127.0.0.2", "::1", "192.0.2.1", "2001:db8::1")

    assert {text for text in asked if ip_address(text) in here(settings)} == ours


DOVECOT = LocalSocket("/run/dovecot/lmtp")
BY_LMTP = Routing(
    primary_hostname="mail.example.com",
    local_domains=("@", "localhost", "a.example", "b.example"),
    local_transport={
        "a.example": "lmtp:unix:/run/dovecot/lmtp",
        "b.example": "lmtp:store.example:2400",
    },
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("user@a.example", Lmtp((DOVECOT,))),
        ("USER@A.example", Lmtp((DOVECOT,))),
        ("nobody@a.example", Fail("Unknown user", "5.1.1")),
        ("user@b.example", Lmtp((Host("store.example", V4, 2400),))),
        ("user@mail.example.com", Local("user")),
        ("postmaster", Local("postmaster")),
    ],
)
def test_mail_of_a_domain_goes_to_its_lmtp_server(address: str, expected: Route) -> None:
    table = Table(addresses={"store.example": [V4]})
    assert router(table, Settings(routing=BY_LMTP)).route(address) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("lmtp:localhost", Lmtp(tuple(Host("localhost", ip_address(a), 24) for a in LOOPBACK))),
        ("lmtp:192.0.2.1:2400", Lmtp((Host("[192.0.2.1]", V4, 2400),))),
        ("lmtp:no.example", Defer("LMTP server no.example has no address", "4.4.4")),
        (
            "lmtp:dim.example",
            Defer("host lookup for LMTP server dim.example did not complete: timed out"),
        ),
    ],
)
def test_an_lmtp_server_that_cannot_be_found_is_nobodys_failure(
    server: str, expected: Route
) -> None:
    table = Table(addresses={"dim.example": Failed("timed out")})
    settings = Settings(routing=replace(BY_LMTP, local_transport=server))
    assert router(table, settings).route("user@localhost") == expected


def test_a_system_user_keeps_his_forward_before_the_lmtp_server() -> None:
    routing = replace(BY_LMTP, local_users=True, local_transport="lmtp:unix:/run/dovecot/lmtp")
    own = OwnAddresses(
        Settings(routing=routing), lambda name: Account(name, 1000, 1000, f"/home/{name}")
    )
    found = replace(router(Table(), own.settings), own=own)
    assert found.route("alice@localhost") == User("alice", Lmtp((DOVECOT,)))
