"""The fields of a header as texts, while the message passes by: for whoever judges them.

Bounded in number and octets, because a stranger writes them: of a header beyond that only the
beginning is kept, and `is_cut` says so.  A field is unfolded (RFC 5322 s2.2.3) and its encoded
words are decoded.  Nothing of it is used to write the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.mail.unstructured import text_of

MOST_FIELDS = 1000
MOST_OCTETS = 128 << 10
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """Its name as written, its text decoded."""

    name: str
    text: str


class FieldCollector:
    """`feed` the blocks in order; ask for the `fields` at the end."""

    def __init__(self, most_fields: int = MOST_FIELDS, most_octets: int = MOST_OCTETS) -> None:
        self._most_fields = most_fields
        self._most_octets = most_octets
        self._kept = bytearray()
        self._is_over = False
        self.is_cut = False

    def feed(self, block: bytes) -> None:
        if self._is_over:
            return
        start = max(len(self._kept) - 3, 0)
        self._kept += block[: self._most_octets + 4 - len(self._kept)]
        end = self._end(start)
        if end is not None:
            del self._kept[end:]
            self._is_over = True
        elif len(self._kept) > self._most_octets:
            del self._kept[self._most_octets :]
            self._is_over = self.is_cut = True

    def _end(self, start: int) -> int | None:
        """Behind the last field, where the header has ended."""
        if self._kept.startswith(b"\r\n"):
            return 0
        at = self._kept.find(b"\r\n\r\n", start)
        return None if at < 0 else at + 2

    def fields(self) -> tuple[Field, ...]:
        """As far as they are fields: what follows a line that is none is body."""
        found: list[Field] = []
        lines = self._unfolded()
        for line in lines:
            match = _FIELD.fullmatch(line)
            if match is None:
                break
            if len(found) == self._most_fields:
                self.is_cut = True
                break
            found.append(Field(match[1].decode("ascii"), _text(match[2])))
        return tuple(found)

    def _unfolded(self) -> list[bytes]:
        whole = bytes(self._kept)
        if self.is_cut:  # the last field may not be whole
            whole = whole[: whole.rfind(b"\r\n") + 2]
        lines = re.split(rb"\r\n(?![ \t])", whole)
        return [line.replace(b"\r\n", b"") for line in lines if line]


def fields_of(lines: Iterable[str]) -> tuple[Field, ...]:
    """Of whole lines that we have written ourselves, a field each."""
    parts = (line.partition(":") for line in lines)
    return tuple(Field(name, text.strip()) for name, _, text in parts)


def _text(value: bytes) -> str:
    if b"=?" in value:
        return text_of(value)
    return value.decode("utf-8", "replace").strip()
