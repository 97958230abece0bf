"""Is there UTF-8 in the header of a message, or in that of one of its parts?  (RFC 6532 s3)

Then it can only go where SMTPUTF8 is understood.  A message may have come with that parameter and
still be like any other; most do, from clients that always use it.

The structure of the message is not followed: what looks like the beginning of a part is taken for
one, and a mistake there costs no more than an encoding that nobody needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LONGEST = 64 * 1024  # octets of a line that are looked at together
_PART_FIELD = re.compile(rb"content-[a-z-]+[ \t]*:", re.IGNORECASE)
_MESSAGE_INSIDE = re.compile(rb"content-type[ \t]*:[ \t]*message/", re.IGNORECASE)


def is_international(blocks: Iterable[bytes]) -> bool:
    is_header, has_boundary, is_message = True, False, False
    for line in _lines(blocks):
        if has_boundary and _PART_FIELD.match(line):
            is_header, is_message = True, False
        has_boundary = line.startswith(b"--")
        if not is_header:
            continue
        if not line.isascii():
            return True
        is_message = is_message or bool(_MESSAGE_INSIDE.match(line))
        if line in {b"\r\n", b"\n"}:  # behind that of message/rfc822 comes another header
            is_header, is_message = is_message, False
    return False


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from (line + b"\n" for line in lines)
        if len(rest) > _LONGEST:
            yield rest
            rest = b""
    if rest:
        yield rest
