"""What a client says about reports it wants (RFC 3461 s4): values of parameters, both ways.

    MAIL ... RET=HDRS ENVID=QQ314159
    RCPT ... NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;user+2Btag@b.example

Each `read_` gives None for what is malformed.
"""

from __future__ import annotations

import re

from pymta.mail.envelope import NEVER, NOTIFY, UTF8, Recipient
from pymta.mail.xtext import (
    decode_utf8_address,
    decode_xtext,
    encode_utf8_address,
    encode_xtext,
)

_RETS = {b"FULL": "FULL", b"HDRS": "HDRS"}
_LONGEST_ENVID = 100  # characters, before they are decoded (s4.4)
_LONGEST_ORCPT = 500  # (s4.2)
_TYPE = re.compile(rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")  # an atom


def read_ret(value: bytes | None) -> str | None:
    return _RETS.get((value or b"").upper())


def read_envid(value: bytes | None) -> str | None:
    if not value or len(value) > _LONGEST_ENVID:
        return None
    return decode_xtext(value)


def read_notify(value: bytes | None) -> tuple[str, ...] | None:
    words = (value or b"").upper().split(b",")
    if words == [NEVER.encode()]:
        return (NEVER,)
    asked = {word.decode("ascii", "replace") for word in words}
    return tuple(word for word in NOTIFY if word in asked) if asked <= set(NOTIFY) else None


def read_orcpt(value: bytes | None) -> str | None:
    """Written in ASCII it must not be too long either: so it goes on to the next host."""
    kind, semicolon, written = (value or b"").partition(b";")
    if not semicolon or len(value or b"") > _LONGEST_ORCPT or not _TYPE.fullmatch(kind):
        return None
    name = kind.decode("ascii")  # the next host hears it as it came (s5.2.1)
    address = decode_utf8_address(written) if is_utf8(name) else decode_xtext(written)
    if not address or len(_orcpt(name, address)) > _LONGEST_ORCPT:
        return None
    return f"{name};{address}"


def envid_parameter(envid: str) -> str:
    return f" ENVID={encode_xtext(envid)}" if envid else ""


def recipient_parameters(recipient: Recipient) -> str:
    """What follows the path of RCPT at a host that offered DSN (s5.2.1)."""
    words = f" NOTIFY={','.join(recipient.notify)}" if recipient.notify else ""
    kind, _, address = recipient.orcpt.partition(";")
    if not address:
        return words
    return f"{words} ORCPT={_orcpt(kind, address)}"


def is_utf8(kind: str) -> bool:
    """Is this the type of addresses of RFC 6533 s3?"""
    return kind.lower() == UTF8


def _orcpt(kind: str, address: str) -> str:
    encoded = encode_utf8_address(address) if is_utf8(kind) else encode_xtext(address)
    return f"{kind};{encoded}"
