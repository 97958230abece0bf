"""MX answers to an ordered list of hosts (RFC 5321 s5.1, RFC 7505).

    no such domain                      fail 5.1.2
    the null MX                         fail 5.1.10 (RFC 7505 s4)
    nobody knows                        defer 4.4.3
    no MX                               the domain itself, by its addresses (the implicit MX)
    ourselves in the list               that preference and every worse one is dropped, so that
                                        mail only moves towards better hosts; none left: 5.4.6
    a host without an address           passed over
    no host has one                     fail, or defer when one of them may have

Hosts of equal preference come in random order, so that senders spread over them.  A stranger
writes these lists, so their length is bounded, and what is behind the bound is the worst of it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Protocol

from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.mail.host import Host
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain, Nothing
from pymta.routing.route import Defer, Fail, Remote

MOST_TARGETS = 16  # names whose addresses are asked for
MOST_HOSTS = 32  # addresses in a route

Shuffle = Callable[[list[Mx]], None]
IsOurs = Callable[[Host], bool]


class Lookups(Protocol):
    """The questions that routing asks; `pymta.resolver.query.Resolver` answers them."""

    def mx(self, domain: str, /) -> Answer[Mx]: ...

    def addresses(self, name: str, /) -> Answer[Address]: ...


@dataclass(frozen=True, slots=True)
class _Targets:
    """Hosts behind names: what was found, and what stands in the way of knowing more."""

    hosts: tuple[Host, ...] = ()
    doubt: str = ""
    met_ourselves: bool = False


def route_by_mx(
    domain: str, lookups: Lookups, *, port: int, is_ours: IsOurs, shuffle: Shuffle
) -> Remote | Fail | Defer:
    """The hosts that take mail for `domain`, best first."""
    wanted: tuple[Mx, ...]
    is_signed = True  # whom the domain itself names, which nobody on the way can have put there
    match lookups.mx(domain):
        case NoSuchDomain():
            return Fail(f"domain {domain} does not exist", "5.1.2")
        case Failed(why):
            return Defer(f"host lookup for {domain} did not complete: {why}")
        case Nothing():
            wanted = (Mx(0, domain),)
            without = Fail(f"domain {domain} has no mail host", "5.1.2")
        case Found(records, is_signed):
            if all(not record.target for record in records):
                return Fail(f"domain {domain} accepts no mail", "5.1.10")
            wanted = _in_order([r for r in records if r.target], shuffle)
            without = Fail(f"no MX host of {domain} has an address", "5.4.4")
    targets = _find(wanted, lookups, port, is_ours, is_signed=is_signed)
    return _conclude(domain, targets, without)


def _conclude(domain: str, targets: _Targets, without: Fail) -> Remote | Fail | Defer:
    if targets.hosts:
        return Remote(domain, targets.hosts, mx_of=domain)
    if targets.doubt:
        return Defer(f"host lookup for {domain} did not complete: {targets.doubt}")
    if targets.met_ourselves:
        return Fail(f"mail for {domain} loops back to myself", "5.4.6")
    return without


def _in_order(records: list[Mx], shuffle: Shuffle) -> tuple[Mx, ...]:
    ordered = []
    for _, equals in groupby(sorted(records, key=_preference), _preference):
        same = sorted(set(equals), key=lambda mx: mx.target)
        shuffle(same)
        ordered += same
    return tuple(ordered[:MOST_TARGETS])


def _preference(record: Mx) -> int:
    return record.preference


def hosts_named(name: str, port: int, found: Found[Address], *, is_signed: bool) -> list[Host]:
    """A host at each of its addresses; `is_signed`: what has led to the name was."""
    signed: tuple[str, ...] = ()
    if is_signed and found.is_secure:
        signed = (found.name, name) if found.name and found.name != name else (name,)
    return [Host(name, address, port, signed) for address in found.records]


def _find(
    wanted: tuple[Mx, ...], lookups: Lookups, port: int, is_ours: IsOurs, *, is_signed: bool
) -> _Targets:
    """Addresses of the hosts, down to the preference at which we are."""
    hosts: list[Host] = []
    doubt = ""
    for _, equals in groupby(wanted, _preference):
        here: list[Host] = []
        for record in equals:
            match lookups.addresses(record.target):
                case Found() as found:
                    here += hosts_named(record.target, port, found, is_signed=is_signed)
                case Failed(why):
                    doubt = f"{record.target}: {why}"
        if any(is_ours(host) for host in here):
            return _Targets(tuple(hosts[:MOST_HOSTS]), doubt, met_ourselves=True)
        hosts += here
    return _Targets(tuple(hosts[:MOST_HOSTS]), doubt)
