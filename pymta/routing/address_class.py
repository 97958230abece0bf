"""What kind of address is this: one of ours, or somebody else's?

Only the domain decides.  Whether a mailbox exists is asked later, by `router`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymta.config.routing import Routing
from pymta.mail.address import BadPath, literal_address, parse_mailbox
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain

OURSELVES = "@"  # in local_domains: primary_hostname


@dataclass(frozen=True, slots=True)
class Ours:
    """An address in a domain that we deliver for; `local_part` has no quotes.

    `domain` is in lower case and as the DNS knows it, "" for the bare postmaster.
    """

    local_part: str
    domain: str = ""


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
    literal = literal_address(domain)
    if literal is None:
        return TheirDomain(domain)
    return Ours(mailbox.local, domain) if is_local_address(literal) else TheirAddress(literal)


def our_domains(routing: Routing) -> frozenset[str]:
    """The local domains, in lower case, and as the DNS knows them."""
    names = (
        routing.primary_hostname if name == OURSELVES else name for name in routing.local_domains
    )
    return frozenset(key_of_domain(name) for name in names)
