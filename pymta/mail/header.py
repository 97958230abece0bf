"""Read along while a header passes by: how often was it received, what are its id and subject?

And does its author want it to arrive, with TLS or without?

A scanner, not a parser: it is fed the message in blocks and keeps a few numbers.  Nothing here
changes or regenerates a field; what was received is what is delivered.  The header ends at the
first empty line, or at the first line that is no field: what follows then is body.  Other readers
pass over such a line, so what they may find behind it is told, too (`beyond`).
"""

from __future__ import annotations

import re

from pymta.mail.sizes import HEADER

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 s2.2, with the blanks of s4.5
_ID = re.compile(rb"<?([!-;=?-~]{1,250})>?")  # printable, no angle bracket inside

# A field we look into fits in one line of the longest legal kind; the rest of a longer one only
# counts towards the size of the header.
_KEPT = 998
_LONGEST_KEPT = 8192

_BLANKS = (b" ", b"\t")  # with which a line goes on that was folded
_LOOKED_INTO = frozenset({b"received", b"message-id", b"subject", b"tls-required"})


class HeaderScanner:
    """`feed` the blocks in order, then `finish`; ask at any time."""

    def __init__(self, limit: int = HEADER, keep: frozenset[bytes] = frozenset()) -> None:
        self._limit = limit
        self._keep = keep
        self._wanted = _LOOKED_INTO | keep if keep else _LOOKED_INTO
        self._is_cut = False  # the line that is read was longer than _KEPT
        self._line = b""  # the line that has not ended yet, cut to _KEPT
        self._field = b""  # the name of the field that we are in, in lower case
        self.is_over = False
        self.size = 0
        self.fields = 0
        self.received = 0
        self.message_id = ""
        self.tls_optional = False  # TLS-Required: No (RFC 8689 s3)
        self.subject: bytes | None = None  # of the first such field, unfolded, cut to _KEPT
        # Fields of the names in `keep`, unfolded: the first and the last of each.  A NUL, which no
        # field can hold, stands for one that did not fit.
        self.kept: dict[bytes, list[bytes]] = {}
        # Names in `keep` that stand behind the end of the header, but before an empty line.
        self.beyond: set[bytes] = set()
        self._is_beyond = False
        self._looked_at = 0  # octets behind the end

    @property
    def is_too_large(self) -> bool:
        return self.size > self._limit

    def feed(self, block: bytes) -> None:
        start = 0
        while not self.is_over and start < len(block):
            end = block.find(b"\n", start) + 1
            self._take(block[start : end or len(block)], is_whole=end > 0)
            start = end or len(block)
        while self._is_beyond and start < len(block):
            end = block.find(b"\n", start) + 1
            self._look_beyond(block[start : end or len(block)], is_whole=end > 0)
            start = end or len(block)

    def finish(self) -> None:
        """The message has ended; a last line without an end counts too."""
        if self._line and not self.is_over:
            self._take(b"", is_whole=True)
        elif self._line and self._is_beyond:
            self._look_beyond(b"", is_whole=True)
        self.is_over, self._is_beyond = True, False

    def _take(self, part: bytes, *, is_whole: bool) -> None:
        self.size += len(part)
        line = (self._line + part)[:_KEPT]
        if self.size > self._limit:
            self._line, self.is_over = line, True
        elif not is_whole:
            self._line = line
        else:
            self._is_cut = len(line) >= _KEPT
            self._line = b""
            self._read(line.rstrip(b"\r\n"))

    def _read(self, line: bytes) -> None:
        if line.startswith(_BLANKS):
            if self._field in self._wanted:
                self._look_into(line)
            return
        field = _FIELD.match(line)
        if field is None:
            self.is_over = True
            self._is_beyond = bool(line and self._keep)
            return
        name = field[1].lower()
        self.fields += 1
        # A second Subject is not what people see.
        self._field = b"" if name == b"subject" and self.subject is not None else name
        if name in self._wanted:
            self.received += name == b"received"
            if name in self._keep:
                self.kept[name] = [*self.kept.get(name, [])[:1], b""]
            self._look_into(line[field.end() :])

    def _look_beyond(self, part: bytes, *, is_whole: bool) -> None:
        """As far as a header may go; the rest of a long body is of no interest."""
        self._looked_at += len(part)
        self._line = (self._line + part)[:_KEPT]
        if not is_whole:
            return
        line, self._line = self._line.rstrip(b"\r\n"), b""
        if field := _FIELD.match(line):
            self.beyond |= {field[1].lower()} & self._keep
        self._is_beyond = bool(line) and self._looked_at <= self._limit

    def _look_into(self, text: bytes) -> None:
        if self._field == b"message-id":
            self._look_for_id(text)
        elif self._field == b"subject":
            self.subject = ((self.subject or b"") + text)[:_KEPT]
        elif self._field == b"tls-required":
            self.tls_optional |= text.strip(b" \t").lower() == b"no"
        elif self._field in self._keep:
            self._keep_text(self.kept[self._field], text)

    def _keep_text(self, texts: list[bytes], text: bytes) -> None:
        does_fit = not self._is_cut and len(texts[-1]) + len(text) <= _LONGEST_KEPT
        texts[-1] = texts[-1] + text if does_fit else b"\0"

    def _look_for_id(self, text: bytes) -> None:
        """The first id of the first Message-ID field, wherever it was folded."""
        found = None if self.message_id else _ID.fullmatch(text.strip(b" \t"))
        if found is not None:
            self.message_id = found[1].decode("ascii")
