"""A table keyed by network: the most specific one that holds an address says what is for it.

One dictionary per length of prefix, the longest first: a question costs as many look-ups as there
are lengths, a microsecond in all, whether the table has ten networks or a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Generic, TypeVar

from pymta.mail.caller import Address

T = TypeVar("T")
Network = IPv4Network | IPv6Network


class NetworkTable(Generic[T]):
    """Made once, asked often.  IPv4 and IPv6 never meet: a mapped address is plain IPv4 (HC-01)."""

    def __init__(self, entries: Iterable[tuple[Network, T]]) -> None:
        """Of two entries for one network the later one counts."""
        self._by_length: dict[int, list[tuple[int, dict[int, T]]]] = {}
        found: dict[tuple[int, int], dict[int, T]] = {}
        for network, value in entries:
            shift = network.max_prefixlen - network.prefixlen
            bits = int(network.network_address) >> shift
            found.setdefault((network.version, shift), {})[bits] = value
        for (version, shift), values in sorted(found.items(), key=lambda item: item[0]):
            self._by_length.setdefault(version, []).append((shift, values))

    def find(self, address: Address) -> T | None:
        """What is for this address; None: no network of the table holds it."""
        bits = int(address)
        for shift, values in self._by_length.get(address.version, ()):
            value = values.get(bits >> shift)
            if value is not None:
                return value
        return None
