"""What rules look up, from tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from pymta.hints.clients import Clients
from pymta.mail.address import Mailbox
from pymta.mail.caller import Address
from pymta.mail.host_list import Answer as InList
from pymta.policy.mail_domain import Standing
from pymta.resolver.answer import Answer, NoSuchDomain
from tests.doubles.clients import MemoryClients


class NoLookups:
    """For rules that must not look anything up."""

    def is_in(self, hosts: Sequence[str]) -> InList:
        raise AssertionError("a list of hosts was asked")

    def names(self) -> tuple[str, ...] | None:
        raise AssertionError("names were asked")

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        raise AssertionError(f"{name} was asked")

    def standing(self, domain: str) -> Standing:
        raise AssertionError(f"{domain} was asked")

    def standing_of(self, mailbox: Mailbox) -> Standing:
        raise AssertionError(f"{mailbox} was asked")

    def listed(self, names: Sequence[str]) -> Mapping[str, Answer[IPv4Address]]:
        raise AssertionError(f"{names} were asked")

    def text_of(self, name: str) -> str:
        raise AssertionError(f"{name} was asked")

    def report(self, zone: str, why: str) -> None:
        raise AssertionError(f"{zone}: {why}")

    @property
    def clients(self) -> Clients:
        raise AssertionError("clients were asked about")


@dataclass
class MemoryLookups:
    """`hosts` are the lists that the caller is in; of a domain that is not named nobody knows."""

    hosts: dict[str, InList] = field(default_factory=dict)
    verified: tuple[str, ...] | None = ()
    domains: dict[str, Standing] = field(default_factory=dict)
    names_of: dict[str, tuple[Address, ...] | None] = field(default_factory=dict)
    lists: dict[str, Answer[IPv4Address]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    clients: MemoryClients = field(default_factory=MemoryClients)
    asked: list[str] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)

    def is_in(self, hosts: Sequence[str]) -> InList:
        self.asked += hosts
        return next((self.hosts[item] for item in hosts if item in self.hosts), InList.NO)

    def names(self) -> tuple[str, ...] | None:
        return self.verified

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        self.asked.append(name)
        return self.names_of.get(name, ())

    def standing(self, domain: str) -> Standing:
        self.asked.append(domain)
        return self.domains.get(domain, Standing.UNKNOWN)

    def standing_of(self, mailbox: Mailbox) -> Standing:
        return self.standing(mailbox.domain.lower())

    def listed(self, names: Sequence[str]) -> Mapping[str, Answer[IPv4Address]]:
        self.asked += names
        return {name: self.lists.get(name, NoSuchDomain()) for name in names}

    def text_of(self, name: str) -> str:
        return self.texts.get(name, "")

    def report(self, zone: str, why: str) -> None:
        self.reported.append((zone, why))
