"""Put a message on the wire behind DATA: dots doubled, every line ended by CRLF, the final dot.

A bare CR or LF never leaves us, whatever the message holds: a reader that takes one for the end
of a line would see a line, or an end of the message, that we did not write (smuggling).  Each is
sent as CRLF.  Works in blocks and keeps one octet between them.
"""

from __future__ import annotations

import re

_ANY_NEWLINE = re.compile(rb"\r\n|\r|\n")


class DotStuffer:
    """Feed the blocks of one message in order; send what comes back; end with `finish`."""

    def __init__(self) -> None:
        self._held = b""  # a CR at the end of a block: the next octet says what it is
        self._at_line_start = True

    def feed(self, block: bytes) -> bytes:
        text = self._held + block
        self._held = b"\r" if text.endswith(b"\r") else b""
        return self._stuff(text[: len(text) - len(self._held)])

    def finish(self) -> bytes:
        """The rest and the final dot.  A last line without an end gets one."""
        rest = self._stuff(self._held and b"\r\n")
        self._held = b""
        return rest + (b".\r\n" if self._at_line_start else b"\r\n.\r\n")

    def _stuff(self, text: bytes) -> bytes:
        if not text:
            return b""
        if not _is_clean(text):
            text = _ANY_NEWLINE.sub(b"\r\n", text)
        dot = b"." if self._at_line_start and text.startswith(b".") else b""
        self._at_line_start = text.endswith(b"\r\n")
        return dot + text.replace(b"\r\n.", b"\r\n..")


def _is_clean(text: bytes) -> bool:
    """Whether CR and LF only come as pairs; three fast counts instead of a pattern."""
    pairs = text.count(b"\r\n")
    return text.count(b"\r") == pairs and text.count(b"\n") == pairs
