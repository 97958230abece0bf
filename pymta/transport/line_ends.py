"""From the wire to a file: CRLF becomes LF, block by block.

A CR without LF stays what it is; none gets here, since such messages are refused at the door, or
made proper there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def with_lf(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with LF line ends; the last line is ended when it was not."""
    held = b""  # a CR at the end of a block: its LF may come with the next
    last = b"\n"
    for block in blocks:
        text = held + block
        held = b"\r" if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)].replace(b"\r\n", b"\n")
        if text:
            last = text[-1:]
            yield text
    if held or last != b"\n":
        yield held + b"\n"
