"""How ports, interfaces, hosts and mailboxes are written in settings.

Each `parse_` takes one item and raises ValueError with the words for the operator; where the
classic daemon has words for a mistake, they are its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from unicodedata import category

from pymta.mail.caller import Address
from pymta.mail.domain import in_ascii
from pymta.mail.letters import small
from pymta.mail.sizes import LOCAL_PART

PortOf = Callable[[str], int | None]  # a TCP service name to its port; None when unknown

HIGHEST_PORT = 65_535
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_BRACKETED = re.compile(r"\[([^\]]+)\](?::([0-9]+))?")
_IPV4 = re.compile(r"([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)(?:\.([0-9]+))?")
_IPV6 = re.compile(r"([^.]+)(?:\.([0-9]+))?")
_HOST_AND_PORT = re.compile(r"([^:\[\]]+)(?::([0-9]+))?")
_ADDRESS_AND_PORT = re.compile(r"([0-9.]+)(?::([0-9]+))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LOCAL_PART = re.compile(r"(?:[a-z0-9_+]|[^\x00-\x7f])(?:[a-z0-9._+-]|[^\x00-\x7f]){0,63}")


def parse_port(text: str, port_of: PortOf) -> int:
    """A number in C notation (decimal, 0 octal, 0x hex) or a service name (PT-01, PT-04)."""
    if not ("0" <= text[:1] <= "9"):
        found = port_of(text)
        if found is None:
            raise ValueError(f'TCP port "{text}" not found')
        return found
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"invalid SMTP port: {text}")
    is_octal = text.startswith("0") and text[1:2] not in {"x", "X"}
    number = int(text, 8 if is_octal else 0)
    if not 0 < number <= HIGHEST_PORT:
        raise ValueError(f"invalid SMTP port: {text}")
    return number


def parse_interface(text: str, where: str = "local_interfaces") -> tuple[Address, int, str]:
    """Address, port (0: none of its own) and zone of an item of local_interfaces (IF-02).

    `where` is what the list is called in a complaint (OX-03).
    ``address``, ``address.port``, ``[address]`` or ``[address]:port``; ``fe80::1%lo`` has a zone.
    """
    match = _BRACKETED.fullmatch(text) or _IPV4.fullmatch(text) or _IPV6.fullmatch(text)
    if not match:
        raise ValueError(f'Malformed IP address "{text}" in {where}')
    plain, _, zone = match[1].partition("%")
    try:
        address = ip_address(plain)
    except ValueError:
        raise ValueError(f'Malformed IP address "{text}" in {where}') from None
    if len(match[2] or "") > len(str(HIGHEST_PORT)) or int(match[2] or 0) > HIGHEST_PORT:
        raise ValueError(f"invalid SMTP port: {match[2]}")
    return address, int(match[2] or 0), zone


def parse_name_server(text: str) -> tuple[Address, int]:
    """``address``, ``address:port`` or ``[address]:port``; without a port 53 (RFC 1035 s4.2)."""
    match = _BRACKETED.fullmatch(text) or _ADDRESS_AND_PORT.fullmatch(text)
    try:
        address = ip_address(match[1] if match else text)
    except ValueError:
        raise ValueError(
            'want the address of a name server such as "192.0.2.53", "192.0.2.53:5353"'
            ' or "[2001:db8::53]:5353"'
        ) from None
    return address, _port_number(match[2] if match else None, 53)


def parse_host(text: str, default_port: int) -> tuple[str, int]:
    """``host``, ``host:port``, ``address``, ``address:port`` or ``[address]:port``."""
    match = _BRACKETED.fullmatch(text)
    if match or text.count(":") > 1:
        host = match[1] if match else text
        if not _is_address(host):
            raise ValueError(f'want an address in place of "{host}"')
        return host, _port_number(match[2] if match else None, default_port)
    match = _HOST_AND_PORT.fullmatch(text)
    if not match or not (_is_address(match[1]) or is_host_name(match[1])):
        raise ValueError('want a host such as "mail.example.org" or "mail.example.org:587"')
    return match[1], _port_number(match[2], default_port)


def is_host_name(text: str) -> bool:
    """Letters, digits, hyphens and, as seen in the wild, underscores (RFC 1123 s2.1)."""
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def is_domain_name(text: str) -> bool:
    """The same, or a name with letters beyond ASCII, as people write it (RFC 5890)."""
    name = in_ascii(text)
    return name is not None and is_host_name(name)


def is_local_part(text: str) -> bool:
    """May this be a mailbox of ours?  It becomes the name of a directory.

    Letters beyond ASCII are those of RFC 6531, small and composed, as they are compared.
    """
    if not _LOCAL_PART.fullmatch(text) or len(text.encode("utf-8", "replace")) > LOCAL_PART:
        return False
    kinds = {category(c) for c in text if not c.isascii()}
    is_small = small(text) == text and not kinds & {"Lu", "Lt"}
    return is_small and all(kind[0] in "LMN" for kind in kinds)


def is_mailbox_name(text: str) -> bool:
    """The same, and a whole address, as mailboxes of virtual domains are called."""
    local, at, domain = text.partition("@")
    return is_local_part(local) and (not at or (is_host_name(domain) and domain == domain.lower()))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _port_number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if len(text) > len(str(HIGHEST_PORT)) or not 0 < int(text) <= HIGHEST_PORT:
        raise ValueError(f"want a port from 1 to {HIGHEST_PORT}, not {text}")
    return int(text)
