"""A router for each message, over what a worker keeps from one to the next.

Touches: sockets, disk, clock, randomness.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from functools import cache

from pymta.accounts import passwd
from pymta.config.routing import Routing
from pymta.config.services import port_of
from pymta.config.settings import Settings
from pymta.delivery.published import DNS_BUDGET
from pymta.delivery.world import RouteOf
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.resolver.query import Resolver
from pymta.routing.address_class import Ours, TheirAddress, TheirDomain, classify
from pymta.routing.address_order import OrderedLookups
from pymta.routing.mx import Lookups
from pymta.routing.ourselves import Ourselves, our_ports
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Route
from pymta.routing.router import Router
from pymta.routing.smarthost import route_by_order, smarthosts_of
from pymta.routing.srs import sender_of_ours
from pymta.tables.opened import open_tables
from pymta.tables.table import Unsure as NoSecret


class Routes:
    """The DNS answers are kept from one message to the next."""

    def __init__(self, settings: Settings, is_ours: Callable[[Address], bool]) -> None:
        self._settings = settings
        self.resolver = Resolver(settings.routing)
        preference = settings.transport.smtp_address_preference
        lookups = OrderedLookups(self.resolver, preference, lambda: random.random() < 0.5)  # noqa: S311
        self._lookups: Lookups = lookups
        self._own = OwnAddresses(settings, passwd.finder(passwd.PATIENCE), open_tables(settings))
        self._is_ours = is_ours
        self._smarthosts = smarthosts_of(settings)
        ports = cache(lambda: our_ports(settings, port_of))
        self._ourselves = Ourselves(settings.hostname, ports, is_ours)

    def of_one_message(self, by_order: str, sender: str) -> RouteOf:
        """`by_order` is the host to which an operator wants the message brought, or ""."""
        if by_order:
            is_ours = self._ourselves.is_host
            return lambda *_: route_by_order(by_order, self._lookups, is_ours=is_ours)
        router = Router(
            self._own,
            self._lookups,
            self._ourselves,
            random.shuffle,
            smarthosts=self._smarthosts,
            sender=sender,
        )

        def route(address: str, via: Sequence[str], is_final: bool) -> Route:
            self.resolver.start_budget(DNS_BUDGET * self._settings.routing.dns_timeout)
            return router.route(address, via, is_final=is_final)

        return route

    def key_of(self, address: str) -> tuple[str, str]:
        """Equal for two ways to write one mailbox: ours ignore case, but for accounts."""
        match classify(address, self._settings.routing, self._is_ours):
            case Ours() as ours:
                return self._own.key_of(ours)
        local, _, domain = address.rpartition("@")
        return local, key_of_domain(domain)

    def sender_of_ours(self, sender: str) -> str | NoSecret:
        secrets = self._own.tables.srs_secrets
        routing = self._settings.routing
        return sender_of_ours(sender, routing, secrets, time.time(), self._is_ours)


def destination(address: str, routing: Routing, is_ours: Callable[[Address], bool]) -> str:
    """The remote domain of an address, "" for one of ours; see `pymta.channel.words.HandOn`."""
    match classify(address, routing, is_ours):
        case TheirDomain(domain):
            return domain
        case TheirAddress(literal):
            return f"[{literal}]"
    return ""
