"""Real questions over UDP and TCP to a small name server."""

from __future__ import annotations

import socket
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from pymta.config.routing import Routing
from pymta.resolver.answer import Failed, Found, Mx, NoSuchDomain, Nothing
from pymta.resolver.query import MOST_RECORDS, Resolver, _is_loopback
from pymta.tls.dane import Tlsa
from tests.doubles.dns_server import GARBAGE, SERVFAIL, SILENCE, DnsServer, Zone

ZONE: Zone = {
    ("example.org", "MX"): ["20 b.example.org.", "10 A.example.org."],
    ("a.example.org", "A"): ["192.0.2.1"],
    ("a.example.org", "AAAA"): ["2001:db8::1"],
    ("b.example.org", "A"): ["192.0.2.2", "192.0.2.3"],
    ("nullmx.example", "MX"): ["0 ."],
    ("odd.example", "MX"): [r"10 mx\010evil.example.", "20 a.example.org."],
    ("onlyodd.example", "MX"): [r"10 a\032b.example."],
    ("alias.example", "CNAME"): ["example.org."],
    ("half.example", "MX"): ["1 a.example.org."],
    ("half.example", "AAAA"): SERVFAIL,
    ("half.example", "A"): ["192.0.2.9"],
    ("broken.example", "MX"): SERVFAIL,
    ("quiet.example", "MX"): SILENCE,
    ("garbage.example", "MX"): GARBAGE,
    ("7.2.0.192.in-addr.arpa", "PTR"): ["A.example.org.", r"a\032b.example.", "b.example.org."],
    ("8.2.0.192.in-addr.arpa", "CNAME"): ["8.sub.2.0.192.in-addr.arpa."],  # RFC 2317
    ("8.sub.2.0.192.in-addr.arpa", "PTR"): ["c.example.org."],
    ("9.2.0.192.in-addr.arpa", "PTR"): SERVFAIL,
    (f"1.{'0.' * 23}8.b.d.0.1.0.0.2.ip6.arpa", "PTR"): ["six.example.org."],
    ("many.example", "A"): [f"10.0.{n // 250}.{n % 250 + 1}" for n in range(300)],
}


def ask(server: DnsServer, timeout: int = 1) -> Resolver:
    return Resolver(Routing(dns_servers=(server.setting,), dns_timeout=timeout))


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        pytest.param(
            "example.org", Found((Mx(20, "b.example.org"), Mx(10, "a.example.org"))), id="records"
        ),
        pytest.param(
            "EXAMPLE.org", Found((Mx(20, "b.example.org"), Mx(10, "a.example.org"))), id="case"
        ),
        pytest.param("a.example.org", Nothing(), id="no-such-record"),
        pytest.param("missing.example", NoSuchDomain(), id="no-such-domain"),
        pytest.param("nullmx.example", Found((Mx(0, ""),)), id="null-mx"),
        pytest.param("odd.example", Found((Mx(20, "a.example.org"),)), id="target-no-host-name"),
        pytest.param("onlyodd.example", Failed("no MX record names a host"), id="no-target-usable"),
        pytest.param(
            "alias.example", Found((Mx(20, "b.example.org"), Mx(10, "a.example.org"))), id="alias"
        ),
        pytest.param(
            "broken.example", Failed("no name server gave a usable answer"), id="servfail"
        ),
        pytest.param("quiet.example", Failed("name servers did not answer in time"), id="silence"),
    ],
)
def test_an_answer_says_which_of_the_four_it_is(domain: str, wanted: object) -> None:
    with DnsServer(ZONE) as server:
        found = ask(server).mx(domain)
    if isinstance(found, Found) and isinstance(wanted, Found):
        assert set(found.records) == set(wanted.records)
    else:
        assert found == wanted


def test_garbage_from_a_server_is_a_failure_not_an_exception() -> None:
    with DnsServer(ZONE) as server:
        assert isinstance(ask(server).mx("garbage.example"), Failed)


def test_addresses_come_with_ipv6_first() -> None:
    with DnsServer(ZONE) as server:
        found = ask(server).addresses("a.example.org")
    assert found == Found((ip_address("2001:db8::1"), ip_address("192.0.2.1")))


def test_one_kind_of_address_is_enough_when_the_other_fails() -> None:
    with DnsServer(ZONE) as server:
        assert ask(server).addresses("half.example") == Found((ip_address("192.0.2.9"),))


def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    with DnsServer(ZONE, truncated=["example.org"]) as server:
        assert isinstance(ask(server).mx("example.org"), Found)
        assert ("example.org", "MX", "tcp") in server.asked


def test_an_alias_that_the_server_does_not_follow_is_followed_by_us() -> None:
    with DnsServer(ZONE, follows_aliases=False) as server:
        found = ask(server).mx("alias.example")
    assert isinstance(found, Found)
    assert len(found.records) == 2


def test_aliases_in_a_circle_are_a_failure() -> None:
    circle: Zone = {("a.example", "CNAME"): ["b.example."], ("b.example", "CNAME"): ["a.example."]}
    with DnsServer(circle, follows_aliases=False) as server:
        assert ask(server).mx("a.example") == Failed("too many aliases")


def test_an_answer_is_cut_at_a_bound() -> None:
    with DnsServer(ZONE) as server:
        found = ask(server).addresses("many.example")
    assert isinstance(found, Found)
    assert len(found.records) == MOST_RECORDS


def test_a_name_server_on_ipv6_with_a_port_of_its_own() -> None:
    with DnsServer(ZONE, family=socket.AF_INET6) as server:
        assert isinstance(ask(server).mx("example.org"), Found)


def test_the_next_name_server_is_asked_when_the_first_fails() -> None:
    with DnsServer({("example.org", "MX"): SERVFAIL}) as bad, DnsServer(ZONE) as good:
        resolver = Resolver(Routing(dns_servers=(bad.setting, good.setting), dns_timeout=2))
        assert isinstance(resolver.mx("example.org"), Found)


def test_two_name_servers_may_share_an_address() -> None:
    with DnsServer({("a.example", "MX"): SILENCE}) as bad, DnsServer(ZONE) as good:
        assert bad.address == good.address
        resolver = Resolver(Routing(dns_servers=(good.setting, bad.setting), dns_timeout=1))
        assert isinstance(resolver.mx("example.org"), Found)


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "a b.example", "é.example"])
def test_what_is_no_host_name_is_never_asked(name: str) -> None:
    with DnsServer(ZONE) as server:
        assert ask(server).mx(name) == NoSuchDomain()
        assert server.asked == []


def test_an_answer_is_kept_for_its_lifetime() -> None:
    with DnsServer(ZONE) as server:
        resolver = ask(server)
        resolver.mx("example.org")
        resolver.mx("example.org")
        assert len(server.asked) == 1


def test_questions_share_a_budget_of_time() -> None:
    now = [100.0]
    with DnsServer(ZONE) as server:
        resolver = Resolver(Routing(dns_servers=(server.setting,)), clock=lambda: now[0])
        resolver.start_budget(5)
        assert isinstance(resolver.mx("example.org"), Found)
        now[0] = 105.0
        assert resolver.mx("example.org") == Failed("out of time")


_WHAT_IT_IMPORTS = """
import sys
from pymta.config.routing import Routing
from pymta.resolver.query import Resolver

before = set(sys.modules)
resolver = Resolver(Routing(dns_servers=(sys.argv[1],), dns_timeout=5))
for domain in ("alias.example", "missing.example", "broken.example"):
    resolver.mx(domain)
print(*sorted(set(sys.modules) - before))
"""


def test_answers_import_nothing(tmp_path: Path) -> None:
    """All is loaded before the first fork, so an upgrade of a running daemon mixes no versions."""
    with DnsServer(ZONE) as server:
        program = [sys.executable, "-c", _WHAT_IT_IMPORTS, server.setting]
        said = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert said.stdout == "\n"


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("192.0.2.7", Found(("a.example.org", "b.example.org"))),
        ("192.0.2.8", Found(("c.example.org",))),
        ("192.0.2.9", Failed("no name server gave a usable answer")),
        ("192.0.2.10", NoSuchDomain()),
        ("2001:db8::1", Found(("six.example.org",))),
    ],
)
def test_an_address_has_the_names_that_are_host_names(address: str, wanted: object) -> None:
    with DnsServer(ZONE) as server:
        answer = ask(server).names(ip_address(address))

    if isinstance(answer, Found):  # in whatever order the server has them
        answer = Found(tuple(sorted(answer.records)))
    assert answer == wanted


SIGNED: Zone = {
    ("signed.example", "MX"): ["10 mx.signed.example."],
    ("mx.signed.example", "A"): ["192.0.2.1"],
    ("mx.signed.example", "AAAA"): ["2001:db8::1"],
    ("_25._tcp.mx.signed.example", "TLSA"): ["3 1 1 " + "ab" * 32, "2 0 2 " + "cd" * 64],
    ("plain.example", "MX"): ["10 mx.signed.example."],
    ("alias.signed.example", "CNAME"): ["mx.signed.example."],
    ("strange.signed.example", "CNAME"): ["a.plain.example."],
    ("a.plain.example", "A"): ["192.0.2.3"],
    ("_25._tcp.broken.signed.example", "TLSA"): SERVFAIL,
    ("_mta-sts.signed.example", "TXT"): ['"v=STSv1; " "id=1;"'],
}


@pytest.mark.parametrize("follows_aliases", [True, False])
@pytest.mark.parametrize(
    ("name", "is_secure", "alias"),
    [
        ("mx.signed.example", True, ""),
        ("alias.signed.example", True, "mx.signed.example"),
        ("strange.signed.example", False, "a.plain.example"),
        ("a.plain.example", False, ""),
    ],
)
def test_an_address_is_as_safe_as_all_that_leads_to_it(
    name: str, is_secure: object, alias: str, follows_aliases: object
) -> None:
    """RFC 7672 s2.1.1: also the aliases."""
    with DnsServer(SIGNED, signed=["signed.example"], follows_aliases=bool(follows_aliases)) as it:
        found = ask(it).addresses(name)
    assert isinstance(found, Found)
    assert (found.is_secure, found.name) == (is_secure, alias)


def test_what_a_certificate_is_to_be_and_whether_that_was_signed() -> None:
    with DnsServer(SIGNED, signed=["signed.example"]) as server:
        resolver = ask(server)
        found = resolver.tlsa("mx.signed.example", 25)
        assert isinstance(found, Found)
        records = {Tlsa(3, 1, 1, b"\xab" * 32), Tlsa(2, 0, 2, b"\xcd" * 64)}
        assert (set(found.records), found.is_secure) == (records, True)
        assert resolver.tlsa("mx.signed.example", 26) == NoSuchDomain()
        assert isinstance(resolver.tlsa("broken.signed.example", 25), Failed)
        assert resolver.mx("signed.example") == Found((Mx(10, "mx.signed.example"),), True)
        assert resolver.mx("plain.example") == Found((Mx(10, "mx.signed.example"),))
        texts = resolver.texts("_mta-sts.signed.example")
        assert texts == Found(("v=STSv1; id=1;",), True)


@pytest.mark.parametrize("trusts", [True, False])
def test_a_server_from_afar_is_believed_only_where_the_settings_say_so(
    monkeypatch: pytest.MonkeyPatch, trusts: object
) -> None:
    """Anybody on the way could have set the bit (RFC 6840 s5.7)."""
    monkeypatch.setattr("pymta.resolver.query._is_loopback", lambda _: False)
    with DnsServer(SIGNED, signed=["signed.example"]) as server:
        routing = Routing(dns_servers=(server.setting,), dns_trust_ad=bool(trusts))
        found = Resolver(routing).tlsa("mx.signed.example", 25)
    assert isinstance(found, Found)
    assert found.is_secure is trusts


def test_what_was_kept_stays_signed() -> None:
    with DnsServer(SIGNED, signed=["signed.example"]) as server:
        resolver = ask(server)
        first, again = (resolver.mx("signed.example") for _ in range(2))
        assert first == again == Found((Mx(10, "mx.signed.example"),), True)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("server", "is_so"),
    [("127.0.0.53", True), ("::1", True), ("192.0.2.1", False), ("https://dns.example", False)],
)
def test_this_machine_is_where_the_loopback_is(server: str, is_so: object) -> None:
    assert _is_loopback(server) is is_so
