"""In which order the addresses of a host are tried, where it has some of both kinds.

    ipv6        first those of IPv6, as RFC 6724 has it
    ipv4        first those of IPv4
    any         by turns; chance says which kind begins, so that half of the mail keeps going at
                once where one kind is broken on the way
    ipv4-only   those of IPv6 are left out: this machine has no IPv6, or an address there without a
                name, whose mail others refuse
    ipv6-only   likewise

The order of hosts is the order of their MX records: one kind never goes before a better host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from pymta.config.transport import ANY, IPV4, IPV4_ONLY, IPV6, IPV6_ONLY
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Found, Mx, Nothing
from pymta.routing.mx import Lookups

_ONLY = {IPV4_ONLY: 4, IPV6_ONLY: 6}


def in_order(
    addresses: Sequence[Address], preference: str, toss: Callable[[], bool]
) -> tuple[Address, ...]:
    """`preference` is one of those above; `toss` is true when IPv4 begins."""
    if preference in _ONLY:
        return tuple(one for one in addresses if one.version == _ONLY[preference])
    kinds = {kind: [one for one in addresses if one.version == kind] for kind in (6, 4)}
    if preference == IPV4 or (preference == ANY and toss()):
        kinds = {4: kinds[4], 6: kinds[6]}
    if preference in {IPV4, IPV6}:
        return tuple(chain.from_iterable(kinds.values()))
    turns = chain.from_iterable(zip_longest(*kinds.values()))
    return tuple(one for one in turns if one is not None)


@dataclass(frozen=True, slots=True)
class OrderedLookups:
    """What routing asks, with the addresses of each host in this order."""

    lookups: Lookups
    preference: str
    toss: Callable[[], bool]

    def mx(self, domain: str, /) -> Answer[Mx]:
        return self.lookups.mx(domain)

    def addresses(self, name: str, /) -> Answer[Address]:
        match self.lookups.addresses(name):
            case Found(records) as found:
                ordered = in_order(records, self.preference, self.toss)
                return replace(found, records=ordered) if ordered else Nothing()
            case other:
                return other
