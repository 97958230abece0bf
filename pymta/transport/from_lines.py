"""The lines between the messages of an mbox, and what keeps others from being taken for them.

This is the form that nothing is lost in (mboxrd): each line of a message that begins with any
number of ">" and then "From " gets one more ">", so that a reader can take exactly that away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

NOBODY = "MAILER-DAEMON"  # in place of the null sender
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_MAY_BECOME_ONE = re.compile(rb">*(?:F(?:r(?:om?)?)?)?")
LONGEST_HELD = 1024  # bytes; a line with more signs in front than that is left as it is


def from_line(sender: str, date: str) -> bytes:
    """``From s@example.org Fri Nov 27 06:00:00 2026``; `sender` may be "".

    `date` is as asctime(3) writes it, in local time.
    A blank in the sender would end it for every reader, so it has
    another sign there; the Return-Path tells it as it is.
    """
    whom = re.sub(r"\s", "_", sender) or NOBODY
    return f"From {whom} {date}\n".encode()


def quoted(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A message with LF line ends as it may stand in an mbox, and the empty line behind it."""
    held = b""  # the beginning of a line of which more must be seen
    begins_line = True
    for block in blocks:
        text = held + block
        at = _last_line(text, begins_line=begins_line)
        held, text = text[at:], text[:at]
        if text:
            yield _quote(text, begins_line=begins_line)
            begins_line = text.endswith(b"\n")
    if held:
        yield held
        begins_line = False
    yield b"\n" if begins_line else b"\n\n"


def _last_line(text: bytes, *, begins_line: bool) -> int:
    """Where a line begins that may become one of ours; the end of `text` where none does."""
    at = text.rfind(b"\n") + 1
    if at == 0 and not begins_line:
        return len(text)
    may_become_one = len(text) - at < LONGEST_HELD and _MAY_BECOME_ONE.fullmatch(text, at)
    return at if may_become_one else len(text)


def _quote(text: bytes, *, begins_line: bool) -> bytes:
    at = 0 if begins_line else text.find(b"\n") + 1 or len(text)
    return text[:at] + _FROM.sub(rb">\1", text[at:])
