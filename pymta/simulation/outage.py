"""A host, or all hosts of a domain, that are down for a while."""

from __future__ import annotations

from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain
from pymta.mail.host import Host


@dataclass(frozen=True, slots=True)
class Outage:
    """`name` is a domain that mail is for, the name of a host or its address.

    Down from `begins` to before `ends`, in seconds since the epoch.
    """

    name: str
    begins: float
    ends: float

    def holds(self, host: Host, recipients: Iterable[str], now: float) -> bool:
        if not self.begins <= now < self.ends:
            return False
        name = key_of_domain(self.name.strip("[]"))
        if name in {key_of_domain(host.name.strip("[]")), str(host.address)}:
            return True
        return any(key_of_domain(who.rpartition("@")[2]) == name for who in recipients)
