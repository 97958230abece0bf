"""XCLIENT: a host that we trust says for whom it speaks (Postfix, XCLIENT_README).

    XCLIENT ADDR=192.0.2.7 PORT=40112 NAME=mail.example.org HELO=mail.example.org PROTO=ESMTP

Values are xtext.  [UNAVAILABLE] and [TEMPUNAVAIL] say that there is none, for good or for now.
What was not named stays as it was.  Strict: an attribute that we did not announce, one given twice
or with a value that is none is refused, because half of what was meant would be worse than nothing.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

from pymta.dataclass import dataclass
from pymta.mail.address import is_domain
from pymta.mail.caller import Address, plain_address
from pymta.mail.xtext import decode_xtext

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT")

_MISSING = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")
_HELO = re.compile(r"[!-~]{1,255}")
_IPV6 = "IPV6:"
_LONGEST_ACCOUNT = 255


@dataclass(frozen=True, slots=True)
class Attributes:
    """None, and for ports -1: nothing was said about it.

    `names` are the client's, empty when there are none; `is_name_unknown`: nobody can tell now.
    `is_extended`: it said EHLO.  `login` is the account that it proved to be, "" for none.
    """

    address: Address | None = None
    port: int = -1
    names: tuple[str, ...] | None = None
    is_name_unknown: bool = False
    helo: str | None = None
    is_extended: bool | None = None
    login: str = ""
    local_address: Address | None = None
    local_port: int = -1


@dataclass(frozen=True, slots=True)
class BadAttribute:
    why: str


def parse_xclient(argument: bytes) -> Attributes | BadAttribute:
    """`argument` is what stands behind the verb."""
    words = argument.split()
    if not words:
        return BadAttribute("XCLIENT must have an attribute")
    found: dict[str, str] = {}
    for word in words:
        name, is_given, value = word.partition(b"=")
        attribute = name.decode("ascii", "replace").upper()
        text = decode_xtext(value)
        if attribute not in ATTRIBUTES or not is_given:
            return BadAttribute("unknown attribute")
        if attribute in found:
            return BadAttribute(f"{attribute} is given twice")
        if not text:
            return BadAttribute(_invalid(attribute))
        found[attribute] = text
    return _attributes(found)


def _attributes(found: dict[str, str]) -> Attributes | BadAttribute:
    read = {
        "ADDR": ("address", _address),
        "PORT": ("port", _port),
        "NAME": ("names", _names),
        "HELO": ("helo", _helo),
        "PROTO": ("is_extended", _protocol),
        "LOGIN": ("login", _login),
        "DESTADDR": ("local_address", _address),
        "DESTPORT": ("local_port", _port),
    }
    values: dict[str, object] = {}
    for attribute, text in found.items():
        field, one = read[attribute]
        value = one(text)
        if value is None:
            return BadAttribute(_invalid(attribute))
        values[field] = value
    values["is_name_unknown"] = found.get("NAME", "").upper() == _MISSING[1]
    return Attributes(**values)  # type: ignore[arg-type]


def _invalid(attribute: str) -> str:
    return f"invalid value of {attribute}"


def _is_missing(text: str) -> bool:
    return text.upper() in _MISSING


def _address(text: str) -> Address | None:
    """None also where it is missing: rights go by the address, and nobody inherits the peer's."""
    six = text[: len(_IPV6)].upper() == _IPV6
    try:
        found = IPv6Address(text[len(_IPV6) :]) if six else IPv4Address(text)
    except ValueError:
        return None
    return None if "%" in text else plain_address(str(found))


def _port(text: str) -> int | None:
    if _is_missing(text):
        return 0
    return int(text) if _PORT.fullmatch(text) and int(text) <= 0xFFFF else None


def _names(text: str) -> tuple[str, ...] | None:
    if _is_missing(text):
        return ()
    return (text,) if is_domain(text) and not text.startswith("[") else None


def _helo(text: str) -> str | None:
    """Whatever a client has called itself; a server before us may have let it pass."""
    if _is_missing(text):
        return ""
    return text if _HELO.fullmatch(text) else None


def _login(text: str) -> str | None:
    if _is_missing(text):
        return ""
    return text if len(text) <= _LONGEST_ACCOUNT else None


def _protocol(text: str) -> bool | None:
    return {"SMTP": False, "ESMTP": True}.get(text.upper())
