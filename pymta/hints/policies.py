"""The shape of a store of MTA-STS policies, which domains ask others to remember (RFC 8461 s3.3).

It may be lost like every hint; then the next message finds the policy anew, or where somebody is in
its way, does without, as the first one ever would have.  No operation raises because of the store's
own trouble: `get` answers None, `put` does nothing.
"""

from __future__ import annotations

from typing import Protocol

from pymta.dataclass import dataclass
from pymta.tls.mta_sts import Policy


@dataclass(frozen=True, slots=True)
class KeptPolicy:
    """Of one domain; times in seconds since the epoch.

    `id` is that of the record in the DNS when `policy` was fetched, `fetched` when that was.
    `tried` is when we asked last, and `why` what went wrong then, "" when nothing did.
    """

    domain: str
    tried: float
    id: str = ""
    policy: Policy | None = None
    fetched: float = 0.0
    why: str = ""


class Policies(Protocol):
    def get(self, domain: str) -> KeptPolicy | None: ...

    def put(self, kept: KeptPolicy) -> None: ...


@dataclass(frozen=True, slots=True)
class OnlyRead:
    """For who wants to know and leave everything as it is."""

    policies: Policies

    def get(self, domain: str) -> KeptPolicy | None:
        return self.policies.get(domain)

    def put(self, kept: KeptPolicy) -> None:
        """Not remembered."""
