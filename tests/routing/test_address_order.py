"""IPv6 or IPv4 first, by turns, or one of them alone."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.resolver.answer import Found, NoSuchDomain, Nothing
from pymta.routing.address_order import OrderedLookups, in_order
from pymta.routing.mx import route_by_mx
from pymta.routing.route import Fail, Remote
from tests.doubles.memory_dns import MemoryDns

SIX = ("2001:db8::1", "2001:db8::2")
FOUR = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
PREFERENCES = ["ipv6", "ipv4", "any", "ipv6-only", "ipv4-only"]
addresses = st.lists(st.ip_addresses(), max_size=9)


@pytest.mark.parametrize(
    ("preference", "is_four_first", "wanted"),
    [
        ("ipv6", True, (*SIX, *FOUR)),
        ("ipv4", False, (*FOUR, *SIX)),
        ("any", False, (SIX[0], FOUR[0], SIX[1], FOUR[1], FOUR[2])),
        ("any", True, (FOUR[0], SIX[0], FOUR[1], SIX[1], FOUR[2])),
        ("ipv6-only", True, SIX),
        ("ipv4-only", False, FOUR),
    ],
)
def test_one_kind_goes_before_the_other(
    preference: str, is_four_first: bool, wanted: tuple[str, ...]
) -> None:
    found = in_order(tuple(map(ip_address, (*SIX, *FOUR))), preference, lambda: is_four_first)
    assert tuple(map(str, found)) == wanted


@given(addresses, st.sampled_from(PREFERENCES[:3]), st.booleans())
def test_none_is_lost_and_those_of_a_kind_keep_their_order(
    given: list[IPv4Address | IPv6Address],
    preference: str,
    toss: bool,
) -> None:
    found = in_order(given, preference, lambda: toss)
    for kind in (4, 6):
        assert [a for a in found if a.version == kind] == [a for a in given if a.version == kind]
    assert len(found) == len(given)


def route(preference: str, **hosts: list[str]) -> Remote | Fail | object:
    dns = MemoryDns(
        mail_hosts={"x.example": [f"{name}.example" for name in hosts]},
        hosts={f"{name}.example": list(known) for name, known in hosts.items()},
    )
    lookups = OrderedLookups(dns, preference, lambda: False)
    return route_by_mx(
        "x.example", lookups, port=25, is_ours=lambda _: False, shuffle=lambda _: None
    )


def test_a_better_host_goes_first_whatever_its_addresses() -> None:
    """RFC 5321 s5.1: MX records say which host; this only which of its addresses."""
    found = route("ipv4", a=[*SIX[:1], *FOUR[:1]], b=[*SIX[1:], *FOUR[1:2]])
    assert isinstance(found, Remote)
    assert [str(host.address) for host in found.hosts] == [FOUR[0], SIX[0], FOUR[1], SIX[1]]


def test_a_host_with_none_of_the_only_kind_has_no_address() -> None:
    found = route("ipv4-only", a=[*SIX])
    assert isinstance(found, Fail)
    assert found.enhanced == "5.4.4"


def test_what_is_no_answer_stays_none() -> None:
    lookups = OrderedLookups(MemoryDns(hosts={"six.example": [*SIX]}), "ipv4-only", lambda: False)
    assert lookups.addresses("no.example") == NoSuchDomain()
    assert lookups.addresses("six.example") == Nothing()
    assert not isinstance(lookups.mx("no.example"), Found)
