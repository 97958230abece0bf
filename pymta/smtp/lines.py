"""Command lines out of the octets that came (RFC 5321 s2.3.8, catalogue section 5).

CRLF ends a command line, and so does LF alone: no message can be smuggled in here, because what
follows is a command of the same session either way.  A line longer than the limit is thrown away
up to its real end and comes out once, as `TooLong`; its tail is never taken for a command.
"""

from __future__ import annotations

from pymta.dataclass import dataclass
from pymta.mail.sizes import COMMAND_LINE


@dataclass(frozen=True, slots=True)
class TooLong:
    """`start` is the beginning of the line, for the log."""

    start: bytes


class LineReader:
    """Takes lines off a buffer that somebody else fills and owns."""

    def __init__(self, limit: int = COMMAND_LINE) -> None:
        self._limit = limit  # octets, line end included
        self._discarded: bytes | None = None  # start of an over-long line not yet ended

    def next_line(self, buffer: bytearray, limit: int = 0) -> bytes | TooLong | None:
        """The next line without its end; None when more octets are needed.

        `limit` is for this line alone, where it may be longer than others.
        """
        limit = limit or self._limit
        end = buffer.find(b"\n")
        if end < 0:
            if self._discarded is not None or len(buffer) >= limit:
                self._discard(buffer)
            return None
        if self._discarded is not None or end >= limit:
            start = self._discard(buffer, end + 1)
            self._discarded = None
            return TooLong(start)
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _discard(self, buffer: bytearray, end: int | None = None) -> bytes:
        if self._discarded is None:
            self._discarded = bytes(buffer[:80])
        del buffer[:end]
        return self._discarded
