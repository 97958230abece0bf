"""What rules look up about one connection: once, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from pymta.resolver.reverse import Hosts
from pymta.session.caller import Caller
from pymta.session.lookups import MOST_KNOWN, Lookups
from tests.doubles.clients import MemoryClients
from tests.doubles.house import usual_settings
from tests.doubles.memory_dns import MemoryDns

Ask = Callable[[Lookups, str], object]


def of_a_domain(lookups: Lookups, name: str) -> object:
    return lookups.standing(name)


def of_a_list(lookups: Lookups, name: str) -> object:
    return lookups.listed([name])


@pytest.mark.parametrize("ask", [of_a_domain, of_a_list])
def test_what_is_known_is_not_asked_again_and_does_not_grow_without_end(ask: Ask) -> None:
    """A client names as many domains as it likes."""
    dns, settings = MemoryDns(), usual_settings()
    caller = Caller(ip_address("192.0.2.7"), settings, dns, lambda: Hosts(""), lambda _: False)
    lookups = Lookups(caller, dns, settings, MemoryClients())

    for _ in range(2):
        ask(lookups, "first.example")
    assert len(dns.asked) == 1

    for n in range(MOST_KNOWN):
        ask(lookups, f"d{n}.example")
    ask(lookups, "first.example")
    assert sum("first.example" in question for question in dns.asked) == 2
