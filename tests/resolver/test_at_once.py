"""Many names asked for at once, of real servers on loopback."""

from __future__ import annotations

import time
from ipaddress import IPv4Address

import pytest

from pymta.config.routing import Routing
from pymta.resolver import at_once
from pymta.resolver.answer import Failed, Found, NoSuchDomain, Nothing
from pymta.resolver.at_once import ask_at_once
from pymta.resolver.query import Resolver
from tests.doubles.dns_server import GARBAGE, SERVFAIL, SILENCE, DnsServer, Zone

ZONE: Zone = {
    ("7.2.0.192.bl.example", "A"): ["127.0.0.2", "127.0.0.4"],
    ("7.2.0.192.bl.example", "TXT"): ['"listed, see" " https://bl.example/"'],
    ("7.2.0.192.empty.example", "TXT"): ["x"],
    ("7.2.0.192.broken.example", "A"): SERVFAIL,
    ("7.2.0.192.quiet.example", "A"): SILENCE,
    ("7.2.0.192.garbage.example", "A"): GARBAGE,
    ("7.2.0.192.many.example", "A"): [f"127.0.1.{n}" for n in range(100)],
}
WITHIN = 0.5  # seconds, for those who do not answer


def server_of(server: DnsServer) -> tuple[str, int]:
    return server.address, server.port


def test_each_name_has_its_answer() -> None:
    with DnsServer(ZONE) as server:
        names = [f"7.2.0.192.{zone}.example" for zone in "bl empty broken none".split()]
        found = ask_at_once([*names, "no host name"], [server_of(server)], 10)

    assert found == {
        names[0]: Found((IPv4Address("127.0.0.2"), IPv4Address("127.0.0.4"))),
        names[1]: Nothing(),
        names[2]: Failed("a name server said SERVFAIL"),
        names[3]: NoSuchDomain(),
        "no host name": NoSuchDomain(),
    }


def test_one_that_is_silent_costs_no_more_time_than_all_together_have() -> None:
    with DnsServer(ZONE) as server:
        began = time.monotonic()
        names = [f"7.2.0.192.{zone}.example" for zone in "quiet garbage bl many".split()]
        found = ask_at_once(names, [server_of(server)], WITHIN)
        took = time.monotonic() - began

    assert WITHIN <= took < 20 * WITHIN
    late = Failed("name servers did not answer in time")
    assert found[names[0]] == found[names[1]] == late
    assert isinstance(found[names[2]], Found)
    assert isinstance(many := found[names[3]], Found)
    assert len(many.records) == at_once.MOST_RECORDS


def test_what_one_server_does_not_know_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "ONE_TRY", 0.2)
    name = "7.2.0.192.bl.example"
    with DnsServer({(name, "A"): SILENCE}) as deaf, DnsServer(ZONE) as server:
        found = ask_at_once([name], [server_of(deaf), server_of(server)], 10)
    assert isinstance(found[name], Found)
    gone = server_of(deaf)
    with DnsServer(ZONE) as server:
        found = ask_at_once([name], [gone, server_of(server)], 10)
    assert isinstance(found[name], Found)


def test_a_resolver_asks_its_servers_and_reads_the_text_of_a_list() -> None:
    with DnsServer(ZONE) as server:
        resolver = Resolver(Routing(dns_servers=(server.setting,), dns_timeout=5))
        found = resolver.listed(["7.2.0.192.bl.example"], 5)
        text = resolver.texts("7.2.0.192.bl.example")

    assert isinstance(found["7.2.0.192.bl.example"], Found)
    assert text == Found(("listed, see https://bl.example/",))


def test_out_of_time_nobody_is_asked() -> None:
    with DnsServer(ZONE) as server:
        found = ask_at_once(["7.2.0.192.bl.example"], [server_of(server)], 0)
        assert not server.asked
    assert isinstance(found["7.2.0.192.bl.example"], Failed)
