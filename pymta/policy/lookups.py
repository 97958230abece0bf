"""What rules may look up: handed in by the session, so that rules themselves touch nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Protocol

from pymta.hints.clients import Clients
from pymta.mail.address import Mailbox
from pymta.mail.caller import Address
from pymta.mail.host_list import Answer as InList
from pymta.policy.mail_domain import Standing
from pymta.resolver.answer import Answer


class Lookups(Protocol):
    """Of one connection.  Whatever is asked twice is looked up once."""

    def is_in(self, hosts: Sequence[str]) -> InList:
        """Is the caller in this list of hosts?  (`pymta.mail.host_list`)"""
        ...

    def names(self) -> tuple[str, ...] | None:
        """His verified names, () for none; None: it could not be found out."""
        ...

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        """Of a name; None: it could not be found out."""
        ...

    def standing(self, domain: str) -> Standing:
        """Does mail come from, and go to, this domain?"""
        ...

    def standing_of(self, mailbox: Mailbox) -> Standing:
        """The same of an address: of one in a domain of ours, whether it exists."""
        ...

    def listed(self, names: Sequence[str]) -> Mapping[str, Answer[IPv4Address]]:
        """What lists in the DNS have under these names; all are asked at once."""
        ...

    def text_of(self, name: str) -> str:
        """What a list says about a listing, printable; "" for nothing."""
        ...

    def report(self, zone: str, why: str) -> None:
        """A list did not do what it is asked for; that is told once."""
        ...

    @property
    def clients(self) -> Clients:
        """What is remembered from other connections."""
        ...
