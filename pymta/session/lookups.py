"""What rules look up about one connection (`pymta.policy.lookups`); each thing once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pymta.config.settings import Settings
from pymta.mail.caller import Address
from pymta.mail.host_list import Answer as InList
from pymta.policy.mail_domain import Standing, standing
from pymta.routing.address_class import our_domains
from pymta.session.caller import Caller, Dns

T = TypeVar("T")


class Lookups:
    def __init__(self, caller: Caller, dns: Dns, settings: Settings) -> None:
        self._caller = caller
        self._dns = dns
        self._settings = settings
        self._standings: dict[str, Standing] = {}

    def is_in(self, hosts: Sequence[str]) -> InList:
        return self._caller.is_in(hosts)

    def names(self) -> tuple[str, ...] | None:
        return self._in_time(self._caller.names)

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        return self._in_time(lambda: self._caller.addresses(name))

    def standing(self, domain: str) -> Standing:
        """Of a domain of ours nobody need ask."""
        if domain in our_domains(self._settings.routing):
            return Standing.YES
        if domain not in self._standings:
            found = self._in_time(lambda: standing(domain, self._dns.mx, self._dns.addresses))
            if found is Standing.UNKNOWN:
                return found  # it may be known by the next message
            self._standings[domain] = found
        return self._standings[domain]

    def _in_time(self, ask: Callable[[], T]) -> T:
        self._dns.start_budget(self._settings.routing.dns_timeout)
        return ask()
