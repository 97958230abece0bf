"""The message behind DATA: where it ends, and the doubled dots taken off (RFC 5321 s4.5.2).

CRLF "." CRLF ends it and nothing else does, however the octets were cut on their way: a server
that takes a bare CR or LF for a line end sees a second message in one (SMTP smuggling).  Bare CR
and LF are counted as part of the message and flagged; the session refuses such a message or makes
proper lines of it, when nothing can end any more.

Works in blocks with methods of `bytes`, never octet by octet.
"""

from __future__ import annotations

from pymta.smtp.newlines import is_proper

_FINAL = b"\r\n.\r\n"
_DOT = b"\r\n."


class BodyReader:
    """`feed` what was read, in order, until `is_over`; then `rest` is what follows the message."""

    def __init__(self) -> None:
        # The CRLF of the DATA line counts for a dot on the first line; it is no part of the text.
        self._held = b"\r\n"
        self._is_first = True
        self.is_over = False
        self.rest = b""
        self.has_bare_newline = False
        self.has_eight_bit = False

    def feed(self, data: bytes) -> bytes:
        """The next part of the message; it may be empty."""
        text = self._held + data
        # Few blocks have such a line, and to say so takes half the time from the end.
        has_dots = text.rfind(_DOT) >= 0
        end = text.find(_FINAL) if has_dots else -1
        if end < 0:
            keep = _begun(text)
        else:
            self.is_over = True
            self.rest = text[end + len(_FINAL) :]
            text = text[: end + 2]
            keep = 0
        cut = len(text) - keep
        self._held = text[cut:]
        return self._release(text[:cut], has_dots=has_dots)

    def _release(self, text: bytes, *, has_dots: bool) -> bytes:
        if not text:
            return b""
        # A CR at the end is always held back, so no pair is ever counted as two halves.
        self.has_bare_newline |= not is_proper(text)
        if not text.isascii():
            self.has_eight_bit = True
        if has_dots:
            text = text.replace(_DOT, b"\r\n")
        if self._is_first:
            self._is_first = False
            text = text[2:]
        return text


def _begun(text: bytes) -> int:
    """How many octets at the end of `text` may be the beginning of the final sequence."""
    for length in range(len(_FINAL) - 1, 0, -1):
        if text.endswith(_FINAL[:length]):
            return length
    return 0
