"""Which addresses are this host?  (IF-07)

Those that we listen on; a wildcard stands for every address of its family that an interface of this
machine has.  `extra_local_interfaces` adds those that lead here without being on any interface, as
behind address translation.  Where sockets are handed in, the settings do not say what is listened
on, and every address of the machine counts.

Touches: sockets.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from pymta.config.addresses import parse_interface
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.mail.caller import Address


@dataclass(frozen=True, slots=True)
class Here:
    """Made of settings; asked for one address after another."""

    named: frozenset[Address]
    families: frozenset[int]  # IP versions of which every address of the machine counts

    def __contains__(self, address: Address) -> bool:
        if address in self.named:
            return True
        return address.version in self.families and is_on_interface(address)


def here(settings: Settings) -> Here:
    extra = _addresses(settings.listen.extra_local_interfaces)
    if settings.machine.is_handed_sockets:
        return Here(extra, frozenset({4, 6}))
    ours = extra | _addresses(settings.listen.local_interfaces)
    wildcards = {address for address in ours if int(address) == 0}
    return Here(ours - wildcards, frozenset(address.version for address in wildcards))


def _addresses(items: Iterable[str]) -> frozenset[Address]:
    """Without their ports, which say nothing about whose an address is."""
    return frozenset(parse_interface(text)[0] for text in items)


def is_on_interface(address: Address) -> bool:
    """Has this machine the address?  Then a socket can be bound to it.

    The unspecified address counts, since the kernel connects it to this machine.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((str(address), 0))
    except OSError:  # EADDRNOTAVAIL, or no such family here: not ours either way
        return False
    return True
