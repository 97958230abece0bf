"""What domains publish about their mail hosts, asked of the world: TLSA records and policies.

Each question has the time that one domain has, whatever the rest of a delivery took before.

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pymta.config.settings import Settings
from pymta.delivery.tls_verdict import Published
from pymta.hints.policies import OnlyRead, Policies
from pymta.hints.policies_sqlite import SqlitePolicies
from pymta.journal import remote_events
from pymta.journal.event import Event
from pymta.resolver.answer import Answer
from pymta.resolver.query import Resolver
from pymta.tls.dane import Tlsa
from pymta.tls.mta_sts import Policy
from pymta.transport.sts import Finder
from pymta.transport.sts_fetch import Fetcher

DNS_BUDGET = 4  # times dns_timeout, for all the questions about one domain


def ask_world(
    settings: Settings,
    resolver: Resolver,
    tell: Callable[[Event], None],
    *,
    is_to_remember: bool = True,
) -> Published:
    """`resolver` answers; what it knows already it keeps."""
    state = Path(settings.machine.state_directory)
    kept: Policies = SqlitePolicies(state / "hints" / "mta-sts.sqlite")
    budget = float(DNS_BUDGET * settings.routing.dns_timeout)
    finder = Finder(
        resolver.texts,
        Fetcher(resolver.addresses).fetch,
        kept if is_to_remember else OnlyRead(kept),
        time.time,
        lambda domain, why: tell(remote_events.policy_unknown(domain, why)),
    )

    def tlsa(name: str, port: int) -> Answer[Tlsa]:
        resolver.start_budget(budget)
        return resolver.tlsa(name, port)

    def policy_of(domain: str) -> Policy | None:
        if not settings.transport.mta_sts:
            return None
        resolver.start_budget(budget)
        return finder.policy_of(domain)

    return Published(tlsa, policy_of)
