"""Pieces of a message that are sent as something else than was received.

The message is kept as it came (`pymta.spool.record`); what is sent is made of it on the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """In place of `length` octets from `at` on, counted from the first of the message, `text`."""

    at: int
    length: int
    text: str

    @property
    def growth(self) -> int:
        """In octets."""
        return len(self.text.encode()) - self.length


def edited(blocks: Iterable[bytes], edits: Sequence[Edit]) -> Iterator[bytes]:
    """The message with all of them, which are in order and do not overlap.

    It is read to its end, whatever is in it.
    """
    ahead = iter(blocks)
    at, block = 0, b""  # `block` begins at `at`
    for edit in edits:
        while edit.at > at + len(block):
            at += len(block)
            yield block
            more = next(ahead, None)
            if more is None:
                return
            block = more
        yield block[: edit.at - at] + edit.text.encode()
        block, at = block[edit.at - at :], edit.at
        while len(block) < edit.length:
            more = next(ahead, None)
            if more is None:
                return
            block += more
        block, at = block[edit.length :], at + edit.length
    yield block
    yield from ahead
