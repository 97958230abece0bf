"""A message passes by, and fields of its header stay behind.

Only what a user of this machine hands in goes through this; what another host sent is kept as it
came.  The header ends at the first line that is no field, as for `header`.
"""

from __future__ import annotations

import re

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 s2.2, with the blanks of s4.5
_LONGEST_NAME = 998  # octets of a line in which a field has its name


class LeftOut:
    """`feed` the blocks in order, then `finish`; both give what goes on."""

    def __init__(self, always: frozenset[bytes], unless_sent_on: frozenset[bytes]) -> None:
        """Names in small letters.  Those of `unless_sent_on` stay once a Resent- field has come:
        they are the original author's then (RFC 5322 s3.6.6).
        """
        self._names = always | unless_sent_on
        self._always = always
        self._line = b""  # the line that has not ended yet
        self._is_over = False
        self._leaves_out = False  # the field that we are in
        self._is_decided = False  # for the rest of a line that is too long to wait for

    def feed(self, block: bytes) -> bytes:
        kept = []
        at = 0
        while not self._is_over and at < len(block):
            end = block.find(b"\n", at) + 1
            kept.append(self._take(block[at : end or len(block)], is_whole=end > 0))
            at = end or len(block)
        return b"".join([*kept, block[at:]])

    def finish(self) -> bytes:
        line, self._line = self._line, b""
        return b"" if self._is_over else self._read(line) if line else b""

    def _take(self, part: bytes, *, is_whole: bool) -> bytes:
        if self._is_decided:
            self._is_decided = not is_whole
            return b"" if self._leaves_out else part
        self._line += part
        if not is_whole and len(self._line) <= _LONGEST_NAME:
            return b""
        line, self._line = self._line, b""
        self._is_decided = not is_whole
        return self._read(line)

    def _read(self, line: bytes) -> bytes:
        if line[:1] in (b" ", b"\t"):
            return b"" if self._leaves_out else line
        field = _FIELD.match(line)
        if field is None:
            self._is_over = True
            return line
        name = field[1].lower()
        if name.startswith(b"resent-"):
            self._names = self._always
        self._leaves_out = name in self._names
        return b"" if self._leaves_out else line
