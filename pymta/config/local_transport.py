"""Where mail for our own mailboxes goes: one way for all of them, or a table keyed by domain.

    local_transport = "maildir"
    local_transport = "lmtp:unix:/run/dovecot/lmtp"
    local_transport = { "example.org" = "lmtp:store.example.net:24", "*" = "mbox" }

In a table "*" stands for every domain that is not named; without it those have Maildirs.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.config.addresses import is_domain_name, parse_host
from pymta.config.keyed import read_table
from pymta.config.units import SocketPath
from pymta.dataclass import dataclass
from pymta.mail.caller import LocalSocket
from pymta.mail.domain import key_of_domain

MAILDIR = "maildir"
MBOX = "mbox"
OTHERS = "*"
LMTP_PORT = 24  # RFC 2033 s5 forbids 25, and IANA has this one for any private mail system
_UNIX = "lmtp:unix:"
_LMTP = "lmtp:"
_WANTED = 'want "maildir", "mbox", "lmtp:unix:/run/dovecot/lmtp" or "lmtp:host:24"'

PerDomain = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class LmtpHost:
    """A server by name or address, not looked up yet."""

    name: str
    port: int


LmtpServer = LocalSocket | LmtpHost


@dataclass(frozen=True, slots=True)
class TransportPerDomain:
    """Marks a way, or a table of ways keyed by domain.  See `pymta.config.units`."""

    def read(self, value: object) -> object:
        if not isinstance(value, Mapping):
            return _way(value)
        return read_table(value, _domain, _way)


def transport_of(ways: PerDomain, domain: str) -> str:
    """The way of mail in this domain, which is written as the DNS knows it."""
    if isinstance(ways, str):
        return ways
    return ways.get(domain, ways.get(OTHERS, MAILDIR))


def lmtp_server(way: str) -> LmtpServer | None:
    """None: it is no LMTP server's.  Raises ValueError with the words for the operator."""
    if way.startswith(_UNIX):
        path = way.removeprefix(_UNIX)
        if not path:
            raise ValueError(_WANTED)
        return LocalSocket(SocketPath("/run/dovecot/lmtp").check(path))
    if way.startswith(_LMTP):
        return LmtpHost(*parse_host(way.removeprefix(_LMTP), LMTP_PORT))
    return None


def _way(value: object) -> str:
    if isinstance(value, str) and (value in {MAILDIR, MBOX} or lmtp_server(value)):
        return value
    raise ValueError(_WANTED)


def _domain(text: str) -> str:
    if text == OTHERS:
        return text
    if not is_domain_name(text):
        raise ValueError('want a domain such as "example.org", or "*"')
    return key_of_domain(text)
