"""A name counts when it leads back (CP-08, `host_lookup`)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from pymta.resolver.reverse import MOST_NAMES, Hosts, known_addresses, verified_names
from tests.doubles.memory_dns import MemoryDns

CALLER = ip_address("192.0.2.7")
HOSTS = Hosts(
    "127.0.0.1 localhost # a comment\n192.0.2.7\tWRITTEN.example written\n"
    "nonsense x\n\n# y\n::1 ip6\n"
)
NONE = Hosts("")
BOTH = ("bydns", "byaddr")


def dns(names: list[str] | None, **hosts: list[str] | None) -> MemoryDns:
    return MemoryDns({str(CALLER): names}, {f"{k}.example": v for k, v in hosts.items()})


@pytest.mark.parametrize(
    ("world", "names"),
    [
        pytest.param(dns(["a.example"], a=["192.0.2.7"]), ("a.example",), id="leads back"),
        pytest.param(dns(["a.example"], a=["192.0.2.8"]), (), id="leads elsewhere"),
        pytest.param(dns(["a.example"]), (), id="leads nowhere"),
        pytest.param(dns(["a.example"], a=None), None, id="nobody knows where it leads"),
        pytest.param(dns([]), (), id="no name"),
        pytest.param(dns(None), None, id="nobody knows the name"),
        pytest.param(
            dns(["a.example", "b.example"], a=None, b=["192.0.2.9", "192.0.2.7"]),
            ("b.example",),
            id="one of them leads back",
        ),
    ],
)
def test_a_name_counts_when_it_leads_back(world: MemoryDns, names: tuple[str, ...] | None) -> None:
    assert verified_names(CALLER, ("bydns",), NONE, world.names, world.addresses) == names


def test_of_a_thousand_names_a_few_are_looked_at() -> None:
    world = dns([f"n{n}.example" for n in range(1000)])

    assert verified_names(CALLER, BOTH, NONE, world.names, world.addresses) == ()
    assert len(world.asked) == 1 + MOST_NAMES


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (BOTH, ("a.example",)),
        (("byaddr", "bydns"), ("written.example", "written")),
        (("byaddr",), ("written.example", "written")),
        ((), ()),
    ],
)
def test_the_order_of_the_sources_is_a_setting(
    order: tuple[str, ...], names: tuple[str, ...]
) -> None:
    world = dns(["a.example"], a=["192.0.2.7"])

    assert verified_names(CALLER, order, HOSTS, world.names, world.addresses) == names


@pytest.mark.parametrize("names", [[], None, ["liar.example"]])
def test_the_second_source_is_asked_when_the_first_has_nothing(names: list[str] | None) -> None:
    world = dns(names)

    found = verified_names(CALLER, BOTH, HOSTS, world.names, world.addresses)

    assert found == ("written.example", "written")


def test_a_name_of_a_list_is_looked_up_in_the_hosts_file_and_the_dns() -> None:
    world = dns([], a=["192.0.2.1"], dead=None)

    assert known_addresses("Written.example", HOSTS, world.addresses) == (CALLER,)
    assert known_addresses("a.example", HOSTS, world.addresses) == (ip_address("192.0.2.1"),)
    assert known_addresses("dead.example", HOSTS, world.addresses) is None
    assert known_addresses("nobody.example", HOSTS, world.addresses) == ()
