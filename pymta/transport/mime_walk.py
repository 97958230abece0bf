"""A message taken apart while it passes by: heads, contents, and what lies between (RFC 2046 s5.1).

Together the pieces are the message, octet by octet.  Of a body no more is kept than a block; a
header must fit into memory, and there are bounds for how many parts there are and how deep.  None
of the pieces of a body ends between the CR and the LF of a line end.  A header at whose end the
message ends gets the line end that it lacks, which no line goes without on its way.

A line that begins like a boundary and is none is where readers differ; such a message is unclear.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from pymta.dataclass import dataclass
from pymta.mail.media_type import MESSAGE, PLAIN
from pymta.transport.mime_head import Head, Kind, UnclearError, read_head

LARGEST_HEAD = 4 << 20  # octets; a header that comes in may have 1 MiB by default
MOST_PARTS = 10_000
MOST_MULTIPARTS = 500  # each costs a search for another set of boundaries
DEEPEST = 40  # multiparts in each other
_LONGEST_END = 200  # octets behind a boundary, where there should be nothing
_END = re.compile(rb"(--)?[ \t]*(?:\r\n)?")


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of the body of a leaf, whose head came last."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """A piece that must stay as it is."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Unseen:
    """A piece before the first part or behind the last one, which nobody is shown."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Boundary:
    """The line between two parts, with the line end before it, which is not of the part."""

    octets: bytes


Piece = Head | Content | Sealed | Unseen | Boundary
_Body = type[Content] | type[Sealed] | type[Unseen]


class _Found(NamedTuple):
    level: int  # of the multipart whose boundary it is
    is_last: bool
    octets: bytes


@dataclass(frozen=True, slots=True)
class _Multipart:
    boundary: bytes
    is_digest: bool


def walk(blocks: Iterable[bytes]) -> Iterator[Piece]:
    """Raises UnclearError."""
    return _Walk(blocks).pieces()


class _Walk:
    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._text = b""
        self._at = 0  # what is before it has been told
        self._open: list[_Multipart] = []
        self._parts = 0
        self._multiparts = 0
        self._boundary: re.Pattern[bytes] | None = None
        self._longest = 0  # octets of a boundary

    def pieces(self) -> Iterator[Piece]:
        is_message = True
        while True:
            head, found = self._head(is_message=is_message)
            yield head
            is_message = bool(head.end) and head.kind is Kind.MESSAGE
            if is_message:
                continue
            if not found and head.kind is Kind.MULTIPART:
                self._enter(head)
                found = yield from self._body(Unseen)
                if not found or found.is_last or found.level + 1 < len(self._open):
                    raise UnclearError("a multipart has no parts")
            elif not found:
                found = yield from self._body(Sealed if head.kind is Kind.SEALED else Content)
            while found:
                yield Boundary(found.octets)
                self._leave(found)
                if not found.is_last:
                    break
                found = yield from self._body(Unseen)
            if not found:
                return

    # Where we are.

    def _enter(self, head: Head) -> None:
        self._open.append(_Multipart(head.media.boundary, head.media.sub == "digest"))
        self._multiparts += 1
        if len(self._open) > DEEPEST or self._multiparts > MOST_MULTIPARTS:
            raise UnclearError("too many parts have parts")
        self._compile()

    def _leave(self, found: _Found) -> None:
        left = self._open[: found.level + (not found.is_last)]
        if left != self._open:
            self._open = left
            self._compile()

    def _compile(self) -> None:
        boundaries = [one.boundary for one in reversed(self._open)]
        self._longest = max(map(len, boundaries), default=0)
        either = b"|".join(map(re.escape, boundaries))
        self._boundary = re.compile(rb"\r\n--(?:" + either + rb")") if self._open else None

    # Reading.

    def _more(self) -> bool:
        block = next((block for block in self._blocks if block), None)
        if block is None:
            return False
        self._text = self._text[self._at :] + block
        self._at = 0
        return True

    def _line(self, at: int, most: int) -> bytes:
        """The line at this place, relative to what has been told; without its end when it is the
        last one, or longer than `most`.
        """
        while True:
            start = self._at + at
            end = self._text.find(b"\r\n", start, start + most + 2)
            if end >= 0:
                return self._text[start : end + 2]
            if len(self._text) - start > most + 2 or not self._more():
                return self._text[start : self._at + at + most]

    def _head(self, *, is_message: bool) -> tuple[Head, _Found | None]:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise UnclearError("too many parts")
        is_in_digest = not is_message and self._open[-1].is_digest
        usual = MESSAGE if is_in_digest else PLAIN  # RFC 2046 s5.1.5
        lines: list[bytes] = []
        end, found, left = b"", None, LARGEST_HEAD
        while not end and not (found := self._boundary_here()):
            line = self._line(0, left)
            self._at += len(line)
            left -= len(line)
            if left <= 0:
                raise UnclearError("a header is too large")
            if line == b"\r\n":
                end = line
            elif line:
                lines.append(line if line.endswith(b"\r\n") else line + b"\r\n")
            else:
                break
        return read_head(lines, end, usual, is_message=is_message), found

    def _boundary_here(self) -> _Found | None:
        """The one whose line begins here, if one does."""
        if not self._open:
            return None
        while len(self._text) - self._at < 2 and self._more():
            pass
        if not self._text.startswith(b"--", self._at):
            return None
        line = self._line(0, self._longest + _LONGEST_END)
        found = self._which(line, b"")
        if found:
            self._at += len(line)
        return found

    def _which(self, line: bytes, before: bytes) -> _Found | None:
        """Whose boundary it is; raises UnclearError where it only begins like one."""
        is_whole = line.endswith(b"\r\n") or len(line) < self._longest + _LONGEST_END
        is_like = False
        for level in reversed(range(len(self._open))):
            start = b"--" + self._open[level].boundary
            if line.startswith(start):
                is_like = True
                if is_whole and (end := _END.fullmatch(line, len(start))):
                    return _Found(level, end[1] is not None, before + line)
        if is_like:
            raise UnclearError("a line begins like a boundary and is none")
        return None

    def _body(self, kind: _Body) -> Generator[Piece, None, _Found | None]:
        """Up to the next boundary, or the end."""
        if found := self._boundary_here():
            return found
        while True:
            match = self._boundary and self._boundary.search(self._text, self._at)
            if match:
                before = match.start() - self._at
                line = self._line(before + 2, self._longest + _LONGEST_END)
                found = self._which(line, b"\r\n")
                assert found, "the pattern holds for no other line"
                if before:
                    yield kind(self._take(before))
                self._at += len(found.octets)
                return found
            if content := self._take_surely():
                yield kind(content)
            if not self._more():
                if rest := self._take(len(self._text) - self._at):
                    yield kind(rest)
                return None

    def _take_surely(self) -> bytes:
        """What a boundary may begin with stays until more is known, and a CR whose LF may come."""
        number = max(0, len(self._text) - self._at - self._longest - 4)
        return self._take(number - self._text.endswith(b"\r", 0, self._at + number) * (number > 0))

    def _take(self, number: int) -> bytes:
        taken = self._text[self._at : self._at + number]
        self._at += number
        return taken
