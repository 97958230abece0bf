r"""xtext both ways (RFC 3461 s4), and its form for addresses beyond ASCII (RFC 6533 s3).

    user+2Btag@b.example          xtext: "+", "=" and what does not print as "+" and two digits
    j\x{F6}rg@b.example           of address type utf-8: as "\x{", up to six digits, "}"

Decoding is strict: None for what is not of the form, or holds what does not print.
"""

from __future__ import annotations

import re

from pymta.mail.letters import is_safe

_XTEXT = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX = re.compile(rb"\+([0-9A-F]{2})")
_TO_ENCODE = re.compile(r"[^!-*,-<>-~]")
# In address type utf-8 "\" is never itself.
_UNITEXT = re.compile(r"(?:[^\x00-\x20+=\\\x7f]|\\x\{[0-9A-F]{2,6}\})+")
_POINT = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_UTF8_TO_ENCODE = re.compile(r"[^!-*,-<>-\[\]-~]")


def decode_xtext(text: bytes) -> str | None:
    """Printable ASCII, blanks included."""
    if not _XTEXT.fullmatch(text):
        return None
    plain = _HEX.sub(lambda found: bytes([int(found[1], 16)]), text)
    return plain.decode("ascii") if all(0x20 <= octet < 0x7F for octet in plain) else None


def encode_xtext(text: str) -> str:
    """`text` is ASCII."""
    return _TO_ENCODE.sub(lambda found: f"+{ord(found[0]):02X}", text)


def decode_utf8_address(text: bytes) -> str | None:
    """An address of type utf-8, in ASCII or in UTF-8."""
    try:
        written = text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not _UNITEXT.fullmatch(written):
        return None
    points = [int(digits, 16) for digits in _POINT.findall(written)]
    if any(p > 0x10FFFF or 0xD800 <= p <= 0xDFFF or p < 0x20 or p == 0x7F for p in points):
        return None
    plain = _POINT.sub(lambda found: chr(int(found[1], 16)), written)
    return plain if is_safe(plain) else None


def encode_utf8_address(text: str) -> str:
    """In ASCII, so that it may go to any server and stand in any report."""
    return _UTF8_TO_ENCODE.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)
