"""Who is in a list of hosts, with and without asking anybody (catalogue section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.caller import Address
from pymta.mail.host_list import Answer, HostList, parse_item, parse_network_item

CALLER = ip_address("192.0.2.7")
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@dataclass
class World:
    """A caller named in the DNS, and us; it counts what it is asked."""

    known: tuple[str, ...] | None = ("mail.client.example",)
    forward: dict[str, tuple[Address, ...] | None] = field(
        default_factory=lambda: {
            "mail.client.example": (CALLER,),
            "other.example": (ip_address("192.0.2.8"),),
            "slow.example": None,
            "mx.us.example": (ip_address("198.51.100.1"),),
        }
    )
    asked: int = 0
    own_name: str = "mx.us.example"

    def names(self) -> tuple[str, ...] | None:
        self.asked += 1
        return self.known

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        self.asked += 1
        return self.forward.get(name, ())

    def is_ours(self, address: Address) -> bool:
        return address == ip_address("198.51.100.1")


def verdict(items: list[str], caller: str = "192.0.2.7", world: World | None = None) -> Answer:
    return HostList(items).holds(ip_address(caller), world or World())


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        pytest.param([], NO, id="nobody"),
        pytest.param(["*"], YES, id="everybody"),
        pytest.param(["192.0.2.7"], YES, id="address"),
        pytest.param(["[192.0.2.7]"], YES, id="address in brackets"),
        pytest.param(["192.0.2.8"], NO, id="another address"),
        pytest.param(["192.0.2.0/24"], YES, id="network"),
        pytest.param(["2001:db8::/32"], NO, id="network of the other family"),
        pytest.param(["!192.0.2.7", "*"], NO, id="negated first"),
        pytest.param(["*", "!192.0.2.7"], YES, id="the first that fits decides"),
        pytest.param(["!192.0.2.8"], YES, id="a last negated item lets all others in"),
        pytest.param(["! 192.0.2.8"], YES, id="a blank behind the mark"),
        pytest.param(["mail.client.example"], YES, id="name"),
        pytest.param(["MAIL.client.example."], YES, id="name in capitals, with a dot"),
        pytest.param(["other.example"], NO, id="name of somebody else"),
        pytest.param(["nobody.example", "192.0.2.7"], NO, id="a name that is not ends the search"),
        pytest.param(["+ignore_unknown", "nobody.example", "192.0.2.7"], YES, id="ignored"),
        pytest.param(["+include_unknown", "nobody.example"], YES, id="included"),
        pytest.param(["slow.example", "192.0.2.7"], UNKNOWN, id="a look-up put off"),
        pytest.param(
            ["+ignore_defer", "slow.example", "192.0.2.7"], YES, id="ignored when put off"
        ),
        pytest.param(["+include_defer", "slow.example"], YES, id="included when put off"),
        pytest.param(["*.client.example"], YES, id="suffix"),
        pytest.param(["*.mail.client.example"], NO, id="a suffix is no name"),
        pytest.param(["*.lient.example"], NO, id="a suffix begins at a dot"),
        pytest.param(["^mail[.]"], YES, id="pattern"),
        pytest.param(["^CLIENT"], NO, id="a pattern begins at the front"),
        pytest.param(["@"], NO, id="our name"),
        pytest.param(["@[]"], NO, id="our addresses"),
    ],
)
def test_the_caller_is_judged_item_by_item(items: list[str], answer: Answer) -> None:
    assert verdict(items) is answer


def test_we_know_ourselves() -> None:
    assert verdict(["@"], "198.51.100.1") is YES
    assert verdict(["@[]"], "198.51.100.1") is YES


@pytest.mark.parametrize(("known", "answer"), [((), NO), (None, UNKNOWN)])
def test_a_caller_without_a_name_fits_no_suffix(
    known: tuple[str, ...] | None, answer: Answer
) -> None:
    assert verdict(["*.client.example", "*"], world=World(known)) is answer


def test_nobody_is_asked_before_an_item_needs_it() -> None:
    world = World()

    assert verdict(["192.0.2.0/24", "*.client.example", "slow.example"], world=world) is YES
    assert not world.asked


@pytest.mark.parametrize(
    "text",
    ["", "!", "a b", "192.0.2.300", "^(", "+include", "*client", "-x", "a..b", "a" * 300],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"want|expression"):
        parse_item(text)


@pytest.mark.parametrize("text", ["mail.example.org", "*.example.org", "@", "@[]", "^x"])
def test_what_needs_a_lookup_is_no_network(text: str) -> None:
    parse_item(text)
    with pytest.raises(ValueError, match="names are not asked"):
        parse_network_item(text)


@given(
    st.lists(st.sampled_from(["*", "192.0.2.7", "!192.0.2.7", "!192.0.2.8", "192.0.2.0/24", "!*"])),
    st.sampled_from(["192.0.2.7", "192.0.2.8", "203.0.113.1"]),
)
def test_networks_alone_are_judged_the_same_without_a_world(items: list[str], caller: str) -> None:
    found = HostList(items).holds_network(ip_address(caller))

    assert found is (verdict(items, caller) is YES)
