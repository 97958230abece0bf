"""Lines as programs write them, ended by LF, CRLF or CR, become lines that SMTP carries.

CR alone ends a line, too: output of programs that draw over their last line is full of it, and no
server takes it as it is (RFC 5321 s2.3.8).  Where a dot alone ends the message (no -i), nothing
behind it counts.
"""

from __future__ import annotations


class Lines:
    """`feed` the octets in order, then `finish`; both give what can be stored by now."""

    __slots__ = ("_at_start", "_dot_ends", "_held", "has_eight_bit", "is_over")

    def __init__(self, *, dot_ends: bool) -> None:
        self._dot_ends = dot_ends
        self._held = b""  # the end of what was fed, which means nothing without what follows
        self._at_start = True
        self.is_over = False  # the dot has come
        self.has_eight_bit = False

    def feed(self, data: bytes) -> bytes:
        data, self._held = self._held + data, b""
        if data.endswith(b"\r"):
            data, self._held = data[:-1], b"\r"
        return self._take(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))

    def finish(self) -> bytes:
        """The last line gets an end; a dot without one counts."""
        held, self._held = self._held.replace(b"\r", b"\n"), b""
        if self.is_over or (held.startswith(b".") and self._dot_ends):
            return b""
        last = self._take(held)
        return last if self._at_start or self.is_over else last + b"\r\n"

    def _take(self, text: bytes) -> bytes:
        if self.is_over or not text:
            return b""
        front = b"\n" if self._at_start else b"x"  # what stood before it, as far as that matters
        text = front + text
        if self._dot_ends:
            end = text.find(b"\n.\n")
            if end >= 0:
                text, self.is_over = text[: end + 1], True
            elif text.endswith(b"\n."):
                text, self._held = text[:-1], b"." + self._held
        text = text[1:]
        if text:
            self._at_start = text.endswith(b"\n")
        self.has_eight_bit = self.has_eight_bit or not text.isascii()
        return text.replace(b"\n", b"\r\n")


def stuffed(block: bytes, *, at_start: bool) -> bytes:
    """Lines with CRLF as DATA has them (RFC 5321 s4.5.2); `at_start`: `block` begins a line."""
    front = b"." if at_start and block.startswith(b".") else b""
    return front + block.replace(b"\n.", b"\n..")
