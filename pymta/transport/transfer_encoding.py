"""A body in 7-bit lines, while it passes by: quoted-printable and base64 (RFC 2045 s6.7, s6.8).

`feed` the pieces in order; end with `finish`, which is told whether the message ends there or a
boundary follows, whose line end is not of the body.
"""

from __future__ import annotations

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator
from enum import Enum

_LINE = 57  # octets in a line of base64, which makes 76
_LONGEST = 64 * 1024  # octets of a line that are encoded together


class TransferEncoding(Enum):
    """How a body is labelled."""

    SEVEN_BIT = "7bit"
    EIGHT_BIT = "8bit"
    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


class QuotedPrintable:
    def __init__(self) -> None:
        self._held = b""  # of a line that has not ended

    def feed(self, piece: bytes) -> bytes:
        *lines, rest = (self._held + piece).split(b"\r\n")
        done = [_quoted(line) + b"\r\n" for line in lines]
        if len(rest) > _LONGEST:
            most = len(rest) - rest.endswith(b"\r")  # its LF may come
            done.append(_quoted(rest[:most]) + b"=\r\n")
            rest = rest[most:]
        self._held = rest
        return b"".join(done)

    def finish(self, *, is_end: bool) -> bytes:
        # A message ends with a line end; here one that is none of the body.
        soft = b"=\r\n" if is_end and self._held else b""
        return _quoted(self._held) + soft


class Base64:
    def __init__(self) -> None:
        self._held = b""
        self._has_begun = False

    def feed(self, piece: bytes) -> bytes:
        text = self._held + piece
        whole = len(text) // _LINE * _LINE
        self._held = text[whole:]
        return b"".join(self._lines(text[:whole]))

    def finish(self, *, is_end: bool) -> bytes:
        text = b"".join(self._lines(self._held))
        return text + (b"\r\n" if is_end and self._has_begun else b"")

    def _lines(self, text: bytes) -> Iterator[bytes]:
        for at in range(0, len(text), _LINE):
            if self._has_begun:
                yield b"\r\n"
            self._has_begun = True
            yield b2a_base64(text[at : at + _LINE], newline=False)


def _quoted(line: bytes) -> bytes:
    # Not as text: a CR or LF that ends no line of the message is written out, too.
    return b2a_qp(line, istext=False).replace(b"=\n", b"=\r\n")
