"""What Content-Type says of a body, as far as its structure hangs on it (RFC 2045 s5.1).

Readers differ in what they make of a field that is no proper one.  So nothing is guessed here: what
is not plain is `UNCLEAR`, and whoever would have to rely on it does not.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass

_TOKEN = rb"[!#-'*+\-.0-9A-Z^-z{|}~]+"
_TYPE = re.compile(rb"\s*(" + _TOKEN + rb")\s*/\s*(" + _TOKEN + rb")\s*(?=;|\Z)")
_WORD = re.compile(_TOKEN)
_PARAMETER = re.compile(
    rb";\s*(?:("
    + _TOKEN
    + rb")\s*=\s*(?:\"((?:[^\"\\\r\n]|\\[ -~])*)\"|([^\s;\"()]+))\s*)?(?=;|\Z)"
)
_BOUNDARY = re.compile(rb"[ -~]{0,199}[!-~]")  # RFC 2046 s5.1.1 has 70; no blank at the end
_NAME_OF_BOUNDARY = re.compile(rb"boundary(\*[0-9]*)*\*?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaType:
    """In lower case; `boundary` is that of a multipart whose boundary is beyond doubt, else b""."""

    main: str
    sub: str
    boundary: bytes = b""


PLAIN = MediaType("text", "plain")
MESSAGE = MediaType("message", "rfc822")
UNCLEAR = MediaType("", "")


def parse_media_type(value: bytes) -> MediaType:
    """`value` is unfolded.  One word is no type, and the body plain text (RFC 2045 s5.2).

    A parameter that is not plain costs the boundary, no more.
    """
    found = _TYPE.match(value)
    if not found:
        return PLAIN if _WORD.fullmatch(value) else UNCLEAR
    main, sub = (part.decode("ascii").lower() for part in found.groups())
    return MediaType(main, sub, _boundary(value[found.end() :]) if main == "multipart" else b"")


def _boundary(text: bytes) -> bytes:
    boundaries, at = list[bytes](), 0
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if not found:
            return b""
        name, quoted, plain = found.groups()
        if name and _NAME_OF_BOUNDARY.fullmatch(name):
            is_split = b"*" in name  # RFC 2231: not every reader puts it together
            said = re.sub(rb"\\(.)", rb"\1", quoted) if quoted is not None else plain
            boundaries.append(b"" if is_split else said)
        at = found.end()
    if len(boundaries) != 1 or not _BOUNDARY.fullmatch(boundaries[0]):
        return b""
    return boundaries[0]
