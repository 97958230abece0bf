"""The header fields that a message collects on its way (RFC 5321 s4.4).

Each function gives one complete field with its CRLF, folded, and printable whatever the other side
said: in ASCII, but for an address that is in UTF-8.  Existing fields are never touched; these go on
top.
"""

from __future__ import annotations

import re
from functools import cache

from pymta.mail.letters import is_safe
from pymta.mail.sizes import DOMAIN

# What a HELO argument may show.  All else becomes "?": a parenthesis, a semicolon or a line end
# in a Received field would let the client write the rest of it.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9.:_\[\]-]")
_NOT_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f]")
_DELIVERED_TO = re.compile(rb"delivered-to[ \t]*:[ \t]*(\S+)[ \t\r]*$", re.IGNORECASE)


def received_field(
    *,
    helo: str,
    address: str,
    client_name: str = "",
    user: str = "",
    uid: int = 0,
    host: str,
    software: str,
    protocol: str,
    tls: str = "",
    id: str,
    recipient: str,
    date: str,
) -> str:
    """One Received field.

    `helo` may be "" and `address` is the client's IP address, or "" when there was none: then
    `user` may be the account on this machine that the message is from, and `uid` its number.
    `client_name` is the name that was found for the address, "" when none was looked for.
    `recipient` is "" unless the message has a single one: a second would be told about the first.
    `protocol` is the keyword of RFC 3848, `tls` the clause of RFC 8314 s4.3 behind it or "",
    `date` from `pymta.mail.timestamp`.
    """
    lines = [f"by {host} ({software}) with {protocol}", *([tls] if tls else []), f"id {id}"]
    if address:
        literal = address_literal(address)
        name = safe_name(helo) or literal
        found = f"{safe_name(client_name)} " if client_name else ""  # RFC 5321 s4.4: TCP-info
        lines.insert(0, f"from {name} ({found}{literal})")
    elif user:
        lines.insert(0, f"from {safe_name(user)} (uid {uid})")
    if recipient:
        lines.append(f"for <{_safe_path(recipient)}>")
    return "Received: " + "\r\n\t".join(lines) + f"; {date}\r\n"


@cache  # of protocols, of which there are few
def registered(protocol: str) -> str:
    """The protocol of our log, such as utf8esmtps, as IANA has it (RFC 3848, RFC 6531 s4.3)."""
    return protocol.upper().replace("UTF8ESMTP", "UTF8SMTP")


def return_path(sender: str) -> str:
    """Added at final delivery; "" is the null sender."""
    return f"Return-Path: <{_safe_path(sender)}>\r\n"


def delivered_to(recipient: str) -> str:
    """Added at final delivery; also how a loop through a mailbox is seen."""
    return f"Delivered-To: {_safe_path(recipient)}\r\n"


def delivered_before(header: bytes) -> frozenset[str]:
    """The addresses in Delivered-To fields, in small letters: where the message has been."""
    found = (_DELIVERED_TO.match(line) for line in header.split(b"\n"))
    return frozenset(match[1].decode("utf-8", "replace").lower() for match in found if match)


def address_literal(address: str) -> str:
    """``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` (RFC 5321 s4.1.3)."""
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def safe_name(text: str) -> str:
    """A name that a client gave for itself, as it may stand in a header or a reply."""
    return _NOT_IN_A_NAME.sub("?", text[:DOMAIN])


def _safe_path(text: str) -> str:
    path = _NOT_IN_A_PATH.sub("?", text)
    return path if is_safe(path) else "".join(c if is_safe(c) else "?" for c in path)
