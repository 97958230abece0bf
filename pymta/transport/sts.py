"""Which policy does a domain have for its mail hosts?  (RFC 8461 s5)

What we have fetched counts for as long as the domain asked for, whether or not anybody lets us see
its record or its web server now: who is in the way could else make a domain look as if it had none.
A new `id` in the DNS, or half of the time gone, sends us there again; where that fails, not before
`PAUSE`.

It only decides; whom it asks is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pymta.dataclass import dataclass
from pymta.hints.policies import KeptPolicy, Policies
from pymta.resolver.answer import Answer, Found
from pymta.tls.mta_sts import Policy, parse_policy, policy_id

PAUSE = 300.0  # seconds between two tries at one domain (s3.3), and the least that a policy counts


@dataclass(frozen=True, slots=True)
class Finder:
    """`texts` asks the DNS, `fetch` the web server and raises ValueError with the reason, `clock`
    gives seconds since the epoch.  `tell` hears of a domain whose policy cannot be had, and why.
    """

    texts: Callable[[str], Answer[str]]
    fetch: Callable[[str], str]
    kept: Policies
    clock: Callable[[], float]
    tell: Callable[[str, str], None]

    def policy_of(self, domain: str) -> Policy | None:
        """The one in force; None: the domain has none that we know of."""
        now = self.clock()
        kept = self.kept.get(domain)
        if kept and kept.tried > now:  # by a clock that was ahead
            kept = None
        old = kept.policy if kept and counts(kept, now) else None
        id = self._id(domain)
        if not id or (kept and not is_to_ask(kept, id, now)):
            return old
        fresh = self._fetched(domain, id, now, kept)
        self.kept.put(fresh)
        return fresh.policy if counts(fresh, now) else None

    def _id(self, domain: str) -> str:
        found = self.texts(f"_mta-sts.{domain}")
        return policy_id(found.records) if isinstance(found, Found) else ""

    def _fetched(self, domain: str, id: str, now: float, kept: KeptPolicy | None) -> KeptPolicy:
        try:
            policy = parse_policy(self.fetch(domain))
        except ValueError as error:
            why = str(error)
            self.tell(domain, why)
            return replace(kept or KeptPolicy(domain, now), tried=now, why=why)
        return KeptPolicy(domain, now, id, policy, now)


def counts(kept: KeptPolicy, now: float) -> bool:
    """Is the policy, if there is one, still in force?"""
    return kept.policy is not None and now < kept.fetched + max(kept.policy.max_age, PAUSE)


def is_to_ask(kept: KeptPolicy, id: str, now: float) -> bool:
    """`id` is that of the record in the DNS now."""
    if now < kept.tried + PAUSE and (kept.why or kept.id == id):
        return False
    if kept.why or kept.policy is None or kept.id != id:
        return True
    return now > kept.fetched + kept.policy.max_age / 2
