"""A host that mail is sent to: the name it was found under, one address, a port."""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.mail.caller import Address

SMTP_PORT = 25


@dataclass(frozen=True, slots=True)
class Host:
    """One address of a host; prints as reports show it, ``mx.example.org [192.0.2.1]:2525``.

    `name` was checked to be a host name, or is an address in brackets.  `signed` are the names of
    which it may have TLSA records, best first (RFC 7672 s2.2.2); none where somebody on the way may
    have put this host in place of another, since not all DNS answers that led to it were signed.
    `mx_of` is the name that an operator gave where the DNS has named this one as its mail host, ""
    where it is his own, or where he named nobody.
    """

    name: str
    address: Address
    port: int = SMTP_PORT
    signed: tuple[str, ...] = ()
    mx_of: str = ""

    @property
    def key(self) -> str:
        """Under which hints remember it: ``mx.example.org[192.0.2.1]:25``."""
        return f"{self.name}[{self.address}]:{self.port}"

    def __str__(self) -> str:
        port = "" if self.port == SMTP_PORT else f":{self.port}"
        return f"{self.name} [{self.address}]{port}"
