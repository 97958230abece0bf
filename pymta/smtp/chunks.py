"""BDAT: a message in chunks, each with its number of octets before it (RFC 3030 s2).

Nothing in a chunk means anything to the protocol: no dots are taken off, and no line ends it.  So
whatever stands in it, its octets are counted off, also when nobody wants them: they must never be
taken for commands.
"""

from __future__ import annotations

import re

from pymta.dataclass import dataclass
from pymta.smtp.newlines import is_proper

# RFC 3030 s2: the size has up to 20 digits; the length is bounded before int().
_ARGUMENT = re.compile(rb"([0-9]{1,20})(?:[ \t]+(LAST))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What BDAT says of it; the message ends with the one that `is_last`."""

    size: int
    is_last: bool


def parse_chunk(argument: bytes) -> Chunk | None:
    """None: nobody can tell where it ends."""
    found = _ARGUMENT.fullmatch(argument)
    return Chunk(int(found[1]), found[2] is not None) if found else None


class ChunkReader:
    """The chunks of one message, one after another: `begin` each, then `feed` until it `is_whole`.

    What it `has` is known of all parts so far, and of a CR at their end when the last is whole.
    """

    def __init__(self) -> None:
        self._left = 0
        self._is_last = False
        self._ends_in_cr = False
        self.has_bare_newline = False
        self.has_eight_bit = False

    def begin(self, chunk: Chunk) -> None:
        self._left = chunk.size
        self._is_last = chunk.is_last

    @property
    def is_whole(self) -> bool:
        return not self._left

    @property
    def is_over(self) -> bool:
        """The message is."""
        return self._is_last and self.is_whole

    def feed(self, buffer: bytearray) -> bytes:
        """The next part of the message, taken off the buffer."""
        data = take(buffer, self._left)
        self._left -= len(data)
        self._look_at(data)
        if self.is_over:
            self.has_bare_newline |= self._ends_in_cr
        return data

    def _look_at(self, data: bytes) -> None:
        if not data:
            return
        text = b"\r" + data if self._ends_in_cr else data
        self._ends_in_cr = text.endswith(b"\r")
        if not is_proper(text.removesuffix(b"\r")):
            self.has_bare_newline = True
        if not data.isascii():
            self.has_eight_bit = True


class ChunkWriter:
    """A message of so many octets as one chunk: feed its blocks, and end with `finish`.

    The last block goes out with that, and not before: when it is out the message is sent.
    """

    def __init__(self, size: int) -> None:
        self._left = size
        self._held = b""

    def feed(self, block: bytes) -> bytes:
        if not block:
            return b""
        ready, self._held = self._held, block
        self._left -= len(block)
        return ready

    def finish(self) -> bytes:
        assert not self._left, "the message has not the size that was said"
        return self._held


def take(buffer: bytearray, most: int) -> bytes:
    """The beginning of the buffer, which loses it."""
    data = bytes(buffer[:most])
    del buffer[:most]
    return data
