"""The names of an address, and whether they lead back to it (CP-08, `host_lookup`).

Whoever owns an address can give it any name.  A name counts only when its own owner agrees: one of
the addresses of the name is the address that we began with.  Where names come from, and in which
order, says `host_lookup_order`: the DNS ("bydns"), or the hosts file of this machine ("byaddr",
which in the classic daemon asks the C library; that may wait without an end, so we read the file).

Pure: the DNS and the text of the hosts file are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address

from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found

MOST_NAMES = 8  # of one address that are looked at; a hosting firm may give it thousands

NamesOf = Callable[[Address], Answer[str]]
AddressesOf = Callable[[str], Answer[Address]]
BY_DNS = "bydns"


class Hosts:
    """The lines of a hosts file (hosts(5)): an address, its name, further names."""

    def __init__(self, text: str) -> None:
        self._names: dict[Address, list[str]] = {}
        self._addresses: dict[str, list[Address]] = {}
        for line in text.splitlines():
            words = line.partition("#")[0].split()
            if len(words) > 1:
                self._add(words[0], words[1:])

    def names(self, address: Address) -> tuple[str, ...]:
        return tuple(self._names.get(address, ()))

    def addresses(self, name: str) -> tuple[Address, ...]:
        return tuple(self._addresses.get(name.lower(), ()))

    def _add(self, text: str, names: Iterable[str]) -> None:
        try:
            address = ip_address(text)
        except ValueError:
            return
        for name in names:
            self._names.setdefault(address, []).append(name.lower())
            self._addresses.setdefault(name.lower(), []).append(address)


def verified_names(
    address: Address,
    order: Sequence[str],
    hosts: Hosts,
    names_of: NamesOf,
    addresses_of: AddressesOf,
) -> tuple[str, ...] | None:
    """The names that lead back, the first source that has any; None: it could not be found out."""
    is_put_off = False
    for source in order:
        if source != BY_DNS:
            # What the operator wrote down himself needs nobody's consent.
            if names := hosts.names(address):
                return names
            continue
        match names_of(address):
            case Found(claimed):
                answers = {name: addresses_of(name) for name in claimed[:MOST_NAMES]}
                if names := tuple(n for n, found in answers.items() if _holds(found, address)):
                    return names
                is_put_off |= any(isinstance(found, Failed) for found in answers.values())
            case Failed():
                is_put_off = True
    return None if is_put_off else ()


def known_addresses(
    name: str, hosts: Hosts, addresses_of: AddressesOf
) -> tuple[Address, ...] | None:
    """The addresses of a name that stands in a host list; None: it could not be found out."""
    if written := hosts.addresses(name):
        return written
    match addresses_of(name):
        case Found(records):
            return records
        case Failed():
            return None
    return ()


def _holds(answer: Answer[Address], address: Address) -> bool:
    return isinstance(answer, Found) and address in answer.records
