"""The most specific network wins."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.mail.caller import Address
from pymta.mail.network_table import Network, NetworkTable

TABLE = NetworkTable(
    [
        (ip_network("0.0.0.0/0"), "all"),
        (ip_network("192.0.2.0/24"), "net"),
        (ip_network("192.0.2.128/25"), "half"),
        (ip_network("192.0.2.7/32"), "host"),
        (ip_network("2001:db8::/32"), "six"),
        (ip_network("::ffff:0:0/96"), "never asked for"),
    ]
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "host"),
        ("192.0.2.8", "net"),
        ("192.0.2.200", "half"),
        ("198.51.100.1", "all"),
        ("2001:db8::1", "six"),
        ("2001:db9::1", None),
    ],
)
def test_the_longest_prefix_answers(address: str, expected: str | None) -> None:
    assert TABLE.find(ip_address(address)) == expected


def test_an_empty_table_has_no_answer() -> None:
    assert NetworkTable[str]([]).find(ip_address("192.0.2.7")) is None


def test_a_later_entry_replaces_an_earlier_one() -> None:
    network = ip_network("192.0.2.0/24")
    assert NetworkTable([(network, 1), (network, 2)]).find(ip_address("192.0.2.7")) == 2


addresses = st.ip_addresses(v=4) | st.ip_addresses(v=6)
networks = st.builds(
    lambda address, length: ip_network(
        f"{address}/{length * address.max_prefixlen // 128}", strict=False
    ),
    addresses,
    st.integers(0, 128),
)


@given(st.lists(networks, max_size=30), addresses)
def test_it_answers_as_a_search_through_all_of_them_would(
    listed: list[Network], address: Address
) -> None:
    table = NetworkTable([(network, str(network)) for network in listed])
    holding = [
        network for network in listed if network.version == address.version and address in network
    ]
    longest = max(holding, key=lambda network: network.prefixlen, default=None)

    assert table.find(address) == (str(longest) if longest else None)
