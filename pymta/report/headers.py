"""The header of a message, for the report that returns it."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 64 * 1024  # octets; enough for any honest header, and a report stays small


def header_of(blocks: Iterable[bytes], longest: int = LONGEST) -> bytes:
    """All header fields, each line with its CRLF, cut at a line end after `longest` octets at most.

    Reads no more blocks than it needs.
    """
    text = b""
    for block in blocks:
        searched = max(len(text) - 3, 0)  # the blank line may lie across two blocks
        text += block
        end = text.find(b"\r\n\r\n", searched)
        if text.startswith(b"\r\n"):
            return b""
        if 0 <= end <= longest:
            return text[: end + 2]
        if len(text) > longest:
            return _cut(text[:longest])
    return _cut(text)


def _cut(text: bytes) -> bytes:
    return text[: text.rfind(b"\r\n") + 2] if b"\r\n" in text else b""
