"""The PROXY header: whom a proxy before us has on its other side (N-13).

    PROXY TCP4 192.0.2.7 198.51.100.1 40112 25 CRLF          version 1
    twelve octets of signature, four of what and how much    version 2

HAProxy's proxy-protocol.txt, s2.1 and s2.2.  It comes before everything else, also before TLS, and
what stands behind it belongs to somebody else.  So the reader says how many octets are surely still
of the header, and takes no more.

A version 1 line that says UNKNOWN, and a version 2 header that says LOCAL or names no family, leave
it at the address of the proxy: it speaks for itself, as when it looks whether we are alive.  What
else version 2 may bring (TLV) is passed over; nothing in it has a use here.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

from pymta.dataclass import dataclass
from pymta.mail.caller import Endpoint, plain_address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LONGEST_LINE = 107  # octets of a version 1 line, s2.1
LONGEST = (
    232  # octets of a version 2 header: the addresses of the largest family, and a few records
)

_LINE = b"PROXY "
_SHORTEST_LINE = len(b"PROXY UNKNOWN\r\n")
_FIXED = 16  # octets of a version 2 header before the addresses
_TCP = re.compile(
    rb"PROXY TCP([46]) ([0-9A-Fa-f:.]{2,39}) ([0-9A-Fa-f:.]{2,39})"
    rb" (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})"
)
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [^\r\n]*)?")

_LOCAL, _PROXY = 0x20, 0x21  # version 2 and the command
_UNSPECIFIED, _TCP4, _TCP6 = 0x00, 0x11, 0x21
_ADDRESS = {_TCP4: IPv4Address, _TCP6: IPv6Address}
_LENGTH = {_TCP4: 4, _TCP6: 16}


@dataclass(frozen=True, slots=True)
class Header:
    """`client` is who called the proxy, `called` where he called it; None: the proxy itself."""

    client: Endpoint | None = None
    called: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    why: str


FOREIGN = Malformed("it does not begin like one")  # whoever speaks knows of no such header


class HeaderReader:
    """Feed it never more than `wanted` octets, until it has an answer."""

    def __init__(self) -> None:
        self.data = b""

    @property
    def wanted(self) -> int:
        """How many octets are still of the header, at the least."""
        have = len(self.data)
        if have < len(SIGNATURE):  # no header of either version is shorter
            return len(SIGNATURE) - have
        if self.data.startswith(SIGNATURE):
            return self._length - have
        if have < _SHORTEST_LINE:
            return _SHORTEST_LINE - have
        return 1 if self.data.endswith(b"\r") else 2

    @property
    def _length(self) -> int:
        if len(self.data) < _FIXED:
            return _FIXED
        return _FIXED + int.from_bytes(self.data[14:16], "big")

    def feed(self, octets: bytes) -> Header | Malformed | None:
        """None: more octets are needed."""
        self.data += octets
        if self.data.startswith(SIGNATURE):
            return self._binary()
        if SIGNATURE.startswith(self.data):
            return None
        if not _LINE.startswith(self.data[: len(_LINE)]):
            return FOREIGN
        return self._line()

    def _line(self) -> Header | Malformed | None:
        line, end, _ = self.data.partition(b"\r\n")
        if not end:
            too_long = len(self.data) >= LONGEST_LINE or b"\n" in line
            return Malformed("a line without its end") if too_long else None
        if _UNKNOWN.fullmatch(line):
            return Header()
        match = _TCP.fullmatch(line)
        if match is None:
            return Malformed("a line that is none of version 1")
        version = int(match[1])
        client = _endpoint(version, match[2], match[4])
        called = _endpoint(version, match[3], match[5])
        if client is None or called is None:
            return Malformed("addresses or ports that are none")
        return Header(client, called)

    def _binary(self) -> Header | Malformed | None:
        if len(self.data) < _FIXED:
            return None
        command, family = self.data[12:14]
        if command not in (_LOCAL, _PROXY):
            return Malformed("neither LOCAL nor PROXY of version 2")
        if self._length > LONGEST:
            return Malformed(f"{self._length} octets, and {LONGEST} are read")
        if len(self.data) < self._length:
            return None
        if command == _LOCAL or family == _UNSPECIFIED:
            return Header()
        if family not in _ADDRESS:
            return Malformed("another protocol than TCP over IP")
        return _addresses(family, self.data[_FIXED:])


def _endpoint(version: int, address: bytes, port: bytes) -> Endpoint | None:
    """None: there is no such thing."""
    try:
        found = (IPv4Address if version == 4 else IPv6Address)(address.decode("ascii"))
    except ValueError:
        return None
    number = int(port)
    return Endpoint(plain_address(str(found)), number) if number <= 0xFFFF else None


def _addresses(family: int, block: bytes) -> Header | Malformed:
    size, make = _LENGTH[family], _ADDRESS[family]
    if len(block) < 2 * size + 4:
        return Malformed("too short for its addresses")
    parts = (block[:size], block[size : 2 * size])
    client, called = (plain_address(str(make(part))) for part in parts)
    ports = (int.from_bytes(block[at : at + 2], "big") for at in (2 * size, 2 * size + 2))
    return Header(Endpoint(client, next(ports)), Endpoint(called, next(ports)))
