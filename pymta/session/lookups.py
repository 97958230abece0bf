"""What rules look up about one connection (`pymta.policy.lookups`); each thing once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import TypeVar

from pymta.accounts.account import Find, nobody
from pymta.config.settings import Settings
from pymta.hints.clients import Clients
from pymta.mail.address import Mailbox
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.host_list import Answer as InList
from pymta.policy.mail_domain import Standing, standing
from pymta.policy.verdict import safe_text
from pymta.resolver.answer import Answer, Found
from pymta.routing.address_class import Ours, our_domains, virtual_domains
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Defer, Fail
from pymta.session.caller import Caller, Dns
from pymta.tables.address_tables import NO_TABLES, AddressTables

LISTS_PATIENCE = 3.0  # seconds that all lists in the DNS together may take
MOST_KNOWN = 1000  # domains, and names in lists, of one connection
LONGEST_TEXT = 200  # characters of what a list says

T = TypeVar("T")


class Lookups:
    """`clients` is what is remembered from other connections.

    `find` asks the system for an account, `tables` say who else is here.
    `tell_trouble` hears of a list in the DNS that is of no use, and why.
    """

    def __init__(
        self,
        caller: Caller,
        dns: Dns,
        settings: Settings,
        clients: Clients,
        tell_trouble: Callable[[str, str], None] = lambda _zone, _why: None,
        *,
        find: Find = nobody,
        tables: AddressTables = NO_TABLES,
    ) -> None:
        self.clients = clients
        self._own = OwnAddresses(settings, find, tables)
        self._tell_trouble = tell_trouble
        self._reported = set[str]()
        self._listed: dict[str, Answer[IPv4Address]] = {}
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
        if self._is_ours(domain):
            return Standing.YES
        if domain not in self._standings:
            found = self._in_time(lambda: standing(domain, self._dns.mx, self._dns.addresses))
            if found is Standing.UNKNOWN:
                return found  # it may be known by the next message
            _make_room(self._standings)
            self._standings[domain] = found
        return self._standings[domain]

    def standing_of(self, mailbox: Mailbox) -> Standing:
        routing = self._settings.routing
        domain = key_of_domain(mailbox.domain)
        if not self._is_ours(domain):
            return self.standing(domain)
        is_virtual = domain in virtual_domains(routing)
        match self._own.ends(Ours(mailbox.local, domain, is_virtual)):
            case Fail():
                return Standing.NO_MAILBOX
            case Defer():
                return Standing.UNKNOWN
        return Standing.YES

    def _is_ours(self, domain: str) -> bool:
        routing = self._settings.routing
        return domain in our_domains(routing) or domain in virtual_domains(routing)

    def listed(self, names: Sequence[str]) -> Mapping[str, Answer[IPv4Address]]:
        if not self._listed.keys() >= set(names):
            _make_room(self._listed)
            new = [name for name in names if name not in self._listed]
            self._listed |= self._in_time(lambda: self._dns.listed(new, LISTS_PATIENCE))
        return {name: self._listed[name] for name in names}

    def text_of(self, name: str) -> str:
        match self._in_time(lambda: self._dns.texts(name)):
            case Found(records):
                return safe_text(records[0])[:LONGEST_TEXT]
        return ""

    def report(self, zone: str, why: str) -> None:
        if zone not in self._reported:
            self._reported.add(zone)
            self._tell_trouble(zone, why)

    def _in_time(self, ask: Callable[[], T]) -> T:
        self._dns.start_budget(self._settings.routing.dns_timeout)
        return ask()


def _make_room(known: dict[str, T]) -> None:
    """A client may name new domains as long as it likes; those of before are asked about anew."""
    if len(known) >= MOST_KNOWN:
        known.clear()
