"""Who is at the other end of a connection, and where he came in.

An IPv4 caller on a dual-stack socket shows up as ``::ffff:a.b.c.d``; here it is plain IPv4
(HC-01), because limits, host lists and logs must see one host under one name.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from pymta.dataclass import dataclass

Address = IPv4Address | IPv6Address
_AT_HAND = 256  # addresses: those of our own, and of who calls again and again


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a TCP connection; prints as ``[192.0.2.7]:40112``."""

    address: Address
    port: int

    def __str__(self) -> str:
        return f"[{text_of(self.address)}]:{self.port}"


@dataclass(frozen=True, slots=True)
class LocalCaller:
    """A process of this machine, as the kernel knows it; prints as ``uid 1000``."""

    uid: int
    gid: int
    pid: int

    def __str__(self) -> str:
        return f"uid {self.uid}"


@dataclass(frozen=True, slots=True)
class LocalSocket:
    """A socket in the file system; prints as its path, an abstract one with @ in front."""

    path: str

    def __str__(self) -> str:
        return self.path.replace("\0", "@", 1) or "(no name)"


def endpoint(name: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    """The endpoint of a ``getpeername()``/``getsockname()`` answer, mapped IPv4 made plain."""
    return Endpoint(plain_address(name[0]), name[1])


@lru_cache(_AT_HAND)
def text_of(address: Address) -> str:
    """The text of an address, which a call needs again and again."""
    return str(address)


@lru_cache(_AT_HAND)
def address_of(text: str) -> Address:
    """Parse what `text_of` has made.  Raises ValueError when the text is no IP address."""
    return ip_address(text)


def plain_address(text: str) -> Address:
    """Parse an address; an IPv4-mapped IPv6 address comes out as IPv4 (HC-01).

    Raises ValueError when the text is no IP address.
    """
    address = address_of(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
