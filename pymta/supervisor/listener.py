"""A listening socket as a value: what it serves, as the log and the loop need to know it."""

from __future__ import annotations

from pymta.config.roles import LOCAL, SMTP
from pymta.dataclass import dataclass
from pymta.mail.caller import Endpoint, LocalSocket


@dataclass(frozen=True, slots=True)
class Backlog:
    """Callers that the kernel keeps waiting at a listener, and how many it would (N-24)."""

    waiting: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Listener:
    """`fd` is open and listening.  `takes_ipv4`: an IPv6 wildcard without IPV6_V6ONLY.

    `role` is one of `pymta.config.roles`, by the name of a handed-in socket, "smtp" for one that we
    bound.  `starts_tls`: TLS begins before the greeting (PT-05).
    """

    fd: int
    at: Endpoint
    role: str = SMTP
    takes_ipv4: bool = False
    starts_tls: bool = False

    @property
    def is_wildcard(self) -> bool:
        return int(self.at.address) == 0

    @property
    def is_ipv6(self) -> bool:
        return self.at.address.version == 6


@dataclass(frozen=True, slots=True)
class LocalListener:
    """One for processes of this machine (AF_UNIX); `fd` is open and listening."""

    fd: int
    at: LocalSocket

    @property
    def role(self) -> str:
        return LOCAL


@dataclass(frozen=True, slots=True)
class Listeners:
    """All that there are.  `by_systemd`: they were handed in, and no setting says where."""

    network: tuple[Listener, ...] = ()
    local: tuple[LocalListener, ...] = ()
    by_systemd: bool = False

    def __bool__(self) -> bool:
        return bool(self.network or self.local)
