"""The header of a message or of one of its parts: what its body is, and another label for it.

    LEAF        a body that may be encoded: RFC 2045 s6
    MULTIPART   parts between boundaries; only they may be encoded (RFC 2045 s6.4)
    MESSAGE     another message, likewise
    SEALED      nothing in it may be changed: it is signed or encrypted (RFC 1847 s2.1), or has been
                encoded before, or must be 7-bit (RFC 2046 s5.2), or readers may not agree on it

Only two fields are ever written: Content-Transfer-Encoding in its place, or behind all others where
there was none; and before it what a body needs that was never called MIME (RFC 1428 s3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from pymta.dataclass import dataclass
from pymta.mail.media_type import UNCLEAR, MediaType, parse_media_type

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_COMMENT = re.compile(rb"\([^()\\]*\)")
_IDENTITIES = {"", "7bit", "8bit", "binary"}  # the body is what it is
_OF_MIME = {b"content-type", b"content-transfer-encoding"}
_MESSAGES = {"rfc822", "news"}
# RFC 6533 s4, RFC 6532 s3.7: these may be encoded, other than all other messages.
_GLOBAL_TEXTS = {"global-delivery-status", "global-disposition-notification", "global-headers"}
_UNTOUCHED = {"signed", "encrypted"}
NEVER_CALLED_MIME = (
    b"MIME-Version: 1.0\r\n",
    b"Content-Type: text/plain; charset=unknown-8bit\r\n",
)


class Kind(Enum):
    LEAF = auto()
    MULTIPART = auto()
    MESSAGE = auto()
    SEALED = auto()


class UnclearError(Exception):
    """Readers may not agree on what this is."""


@dataclass(frozen=True, slots=True)
class Head:
    """`fields` are whole, with their line ends; `end` is the empty line behind them, if there is
    one.  `is_message`: it is the header of a message, not of a part.  `label` is the transfer
    encoding in lower case, "" for none.
    """

    fields: tuple[bytes, ...]
    end: bytes
    is_message: bool
    media: MediaType
    label: str
    kind: Kind
    is_mime: bool

    @property
    def is_text(self) -> bool:
        """Would people read it as it is?"""
        media = self.media
        return media.main == "text" or media.sub in _GLOBAL_TEXTS

    @property
    def octets(self) -> bytes:
        return b"".join(self.fields) + self.end

    def labelled(self, label: str) -> bytes:
        """The header with this transfer encoding."""
        field = f"Content-Transfer-Encoding: {label}\r\n".encode()
        if self.label:
            fields = [field if _name(old) == _CTE else old for old in self.fields]
        else:
            fields = [*self.fields, *self._missing(), field]
        return b"".join(fields) + self.end

    def _missing(self) -> Sequence[bytes]:
        if not self.is_message or self.is_mime:
            return ()
        has_type = any(_name(field) == b"content-type" for field in self.fields)
        return NEVER_CALLED_MIME[:1] if has_type else NEVER_CALLED_MIME


def read_head(lines: Sequence[bytes], end: bytes, usual: MediaType, *, is_message: bool) -> Head:
    """`lines` have their line ends; `usual` is what a body is of which nothing is said.

    Raises UnclearError.
    """
    fields = _whole(lines)
    found: dict[bytes, list[bytes]] = {}
    for field in fields:
        match = _FIELD.fullmatch(field)
        if not match:
            raise UnclearError("a line of a header is no field")
        if (name := match[1].lower()) in _OF_MIME:
            found.setdefault(name, []).append(match[2].replace(b"\r\n", b"").strip(b" \t"))
    if any(len(values) > 1 for values in found.values()):
        raise UnclearError("a header says twice what its body is")
    (said,) = found.get(b"content-type", [b""])
    (coded,) = found.get(_CTE, [b""])
    media = parse_media_type(said) if b"content-type" in found else usual
    label = _COMMENT.sub(b"", coded).strip().lower().decode("ascii", "replace")
    if _CTE in found and not label:
        raise UnclearError("a transfer encoding without a name")
    is_mime = any(_name(field) == b"mime-version" for field in fields)
    return Head(fields, end, is_message, media, label, _kind(media, label), is_mime)


_CTE = b"content-transfer-encoding"


def _whole(lines: Sequence[bytes]) -> tuple[bytes, ...]:
    fields: list[list[bytes]] = []
    for line in lines:
        if b"\r" in line[:-2] or b"\n" in line[:-2]:
            raise UnclearError("a line of a header has another in it")
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1].append(line)
        else:
            fields.append([line])
    return tuple(b"".join(parts) for parts in fields)


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip(b" \t").lower()


def _kind(media: MediaType, label: str) -> Kind:
    if label not in _IDENTITIES or media == UNCLEAR:
        return Kind.SEALED
    match media.main:
        case "multipart":
            is_open = media.boundary and media.sub not in _UNTOUCHED
            return Kind.MULTIPART if is_open else Kind.SEALED
        case "message" if media.sub in _MESSAGES:
            return Kind.MESSAGE
        case "message":
            may_be_encoded = media.sub in _GLOBAL_TEXTS or media.sub == "global"
            return Kind.LEAF if may_be_encoded else Kind.SEALED
    return Kind.LEAF
