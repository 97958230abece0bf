"""What rules look up, from tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pymta.mail.caller import Address
from pymta.mail.host_list import Answer as InList
from pymta.policy.mail_domain import Standing


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


@dataclass
class MemoryLookups:
    """`hosts` are the lists that the caller is in; of a domain that is not named nobody knows."""

    hosts: dict[str, InList] = field(default_factory=dict)
    verified: tuple[str, ...] | None = ()
    domains: dict[str, Standing] = field(default_factory=dict)
    names_of: dict[str, tuple[Address, ...] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

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
