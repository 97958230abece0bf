"""What kind of address is this: one of ours, or somebody else's?

Only the domain decides.  Whether a mailbox exists is asked later, by `router`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pymta.config.routing import Routing
from pymta.dataclass import dataclass
from pymta.mail.address import BadPath, literal_address, parse_mailbox
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain

OURSELVES = "@"  # in local_domains: primary_hostname


@dataclass(frozen=True, slots=True)
class Ours:
    """An address in a domain that we deliver for; `local_part` has no quotes.

    `domain` is in lower case, and as the DNS knows it, "" for the bare postmaster.  In a virtual
    domain only tables say who is there.
    """

    local_part: str
    domain: str = ""
    is_virtual: bool = False


@dataclass(frozen=True, slots=True)
class TheirDomain:
    """An address in another domain, which is in lower case, and as the DNS knows it."""

    domain: str


@dataclass(frozen=True, slots=True)
class TheirAddress:
    """``user@[192.0.2.1]``: the host is named by its address (RFC 5321 s4.1.3)."""

    address: Address


@dataclass(frozen=True, slots=True)
class Nonsense:
    """No address; it should have been refused when it came."""

    why: str


AddressClass = Ours | TheirDomain | TheirAddress | Nonsense


def classify(
    address: str, routing: Routing, is_local_address: Callable[[Address], bool]
) -> AddressClass:
    """Read `address`, as it stood in RCPT TO without brackets."""
    mailbox = parse_mailbox(address)
    if isinstance(mailbox, BadPath):
        return Nonsense(mailbox.why)
    if not mailbox.domain:  # the bare postmaster (RFC 5321 s4.5.1)
        return Ours(mailbox.local)
    domain = key_of_domain(mailbox.domain)
    if domain in our_domains(routing):
        return Ours(mailbox.local, domain)
    if domain in virtual_domains(routing):
        return Ours(mailbox.local, domain, is_virtual=True)
    literal = literal_address(domain)
    if literal is None:
        return TheirDomain(domain)
    return Ours(mailbox.local, domain) if is_local_address(literal) else TheirAddress(literal)


def our_domains(routing: Routing) -> frozenset[str]:
    """The local domains, in lower case, and as the DNS knows them."""
    own = routing.primary_hostname
    return _keys(tuple(own if name == OURSELVES else name for name in routing.local_domains))


def virtual_domains(routing: Routing) -> frozenset[str]:
    """Likewise; in that of SRS there is nobody else, unless it is a local domain, too."""
    return _keys((*routing.virtual_domains, *filter(None, [srs_domain(routing)])))


def relayed_domains(routing: Routing) -> frozenset[str]:
    """Those of hosts behind us, likewise."""
    return _keys(routing.relay_to_domains)


def srs_domain(routing: Routing) -> str:
    """Of senders that stand for others, likewise; "": we make none."""
    if not routing.srs_secrets:
        return ""
    return key_of_domain(routing.srs_domain or routing.primary_hostname)


@lru_cache(maxsize=16)  # a process has one generation of settings, and a test a few
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(key_of_domain, names))


def home_domain(routing: Routing) -> str:
    """Where a name without a domain is, that stands in the table of a virtual domain."""
    ours = our_domains(routing)
    own = key_of_domain(routing.primary_hostname)
    if own in ours or not routing.local_domains:
        return own
    return key_of_domain(routing.local_domains[0])
