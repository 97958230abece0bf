"""Is a client in the middle of a chunk (RFC 3030 s2), where every octet is one of its message?

Only what the client says is looked at, and when it is let say a message behind DATA: there a line
that begins with BDAT is none.
"""

from __future__ import annotations

_LONGEST = 100  # octets of a line; a BDAT is shorter


class ChunkWatch:
    __slots__ = ("_is_text", "_left", "_line")

    def __init__(self) -> None:
        self._line = b""  # the beginning of one that has not ended
        self._left = 0
        self._is_text = False

    @property
    def is_inside(self) -> bool:
        """Are octets of a chunk still to come?"""
        return self._left > 0

    def client_says(self, data: bytes) -> None:
        start = 0
        while start < len(data):
            if self._left:
                taken = min(self._left, len(data) - start)
                self._left -= taken
                start += taken
                continue
            end = data.find(b"\n", start) + 1
            self._line = (self._line + data[start : end or len(data)])[:_LONGEST]
            if not end:
                return
            self._take(self._line.rstrip(b"\r\n"))
            self._line = b""
            start = end

    def server_says(self, data: bytes) -> None:
        self._is_text |= data.startswith(b"354 ") or b"\n354 " in data

    def _take(self, line: bytes) -> None:
        if self._is_text:
            self._is_text = line != b"."
            return
        verb, _, argument = line.partition(b" ")
        size = argument.split()[:1]
        if verb.upper() == b"BDAT" and size and size[0].isdigit():
            self._left = int(size[0])
