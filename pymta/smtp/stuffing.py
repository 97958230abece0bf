"""Put a message on the wire behind DATA: dots doubled, every line ended by CRLF, the final dot.

A bare CR or LF never leaves us, whatever the message holds: a reader that takes one for the end
of a line would see a line, or an end of the message, that we did not write (smuggling).  Each is
sent as CRLF.
"""

from __future__ import annotations

from pymta.smtp.newlines import ProperNewlines


class DotStuffer:
    """Feed the blocks of one message in order; send what comes back; end with `finish`."""

    def __init__(self) -> None:
        self._newlines = ProperNewlines()
        self._at_line_start = True

    def feed(self, block: bytes) -> bytes:
        return self._stuff(self._newlines.feed(block))

    def finish(self) -> bytes:
        """The rest and the final dot.  A last line without an end gets one."""
        rest = self._stuff(self._newlines.finish())
        return rest + (b".\r\n" if self._at_line_start else b"\r\n.\r\n")

    def _stuff(self, text: bytes) -> bytes:
        if not text:
            return b""
        dot = b"." if self._at_line_start and text.startswith(b".") else b""
        self._at_line_start = text.endswith(b"\r\n")
        return dot + text.replace(b"\r\n.", b"\r\n..")
