"""A DNS that answers at once, from tables; what stands in neither does not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address

from pymta.mail.caller import Address
from pymta.resolver.answer import Answer, Failed, Found, Mx, NoSuchDomain, Nothing

SILENT = Failed("name servers did not answer in time")


@dataclass
class MemoryDns:
    """`ptr` are the names of addresses, `hosts` the addresses of names, `mail_hosts` its MX ("" for
    the null one), `txt` what lists say; None: nobody answers.
    """

    ptr: dict[str, list[str] | None] = field(default_factory=dict)
    hosts: dict[str, list[str] | None] = field(default_factory=dict)
    mail_hosts: dict[str, list[str] | None] = field(default_factory=dict)
    txt: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def names(self, address: Address) -> Answer[str]:
        self.asked.append(str(address))
        found = self.ptr.get(str(address), [])
        if found is None:
            return SILENT
        return Found(tuple(found)) if found else NoSuchDomain()

    def addresses(self, name: str) -> Answer[Address]:
        self.asked.append(name)
        found = self.hosts.get(name, [])
        if found is None:
            return SILENT
        return Found(tuple(map(ip_address, found))) if found else NoSuchDomain()

    def mx(self, domain: str) -> Answer[Mx]:
        self.asked.append(f"MX {domain}")
        found = self.mail_hosts.get(domain, [])
        if found is None:
            return SILENT
        if not found:
            return Nothing() if self.hosts.get(domain) else NoSuchDomain()
        return Found(tuple(Mx(number, target) for number, target in enumerate(found)))

    def listed(self, names: Sequence[str], seconds: float) -> Mapping[str, Answer[IPv4Address]]:
        assert seconds > 0
        return {name: self._listed(name) for name in names}

    def _listed(self, name: str) -> Answer[IPv4Address]:
        self.asked.append(name)
        found = self.hosts.get(name, [])
        if found is None:
            return SILENT
        return Found(tuple(map(IPv4Address, found))) if found else NoSuchDomain()

    def texts(self, name: str) -> Answer[str]:
        found = self.txt.get(name, [])
        return Found(tuple(found)) if found else Nothing()

    def start_budget(self, seconds: float) -> None:
        pass
