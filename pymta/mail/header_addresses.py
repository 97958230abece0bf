"""The addresses in a header, and how they are replaced without touching anything around them.

Names of people, comments, folds and fields of other kinds stay octet for octet.  What cannot be
told apart from the text around it is no address and stays, too.  No line becomes longer than
RFC 5322 s2.1.1 allows: where a longer address would make it so, the line is folded before it, and
where that does not help, the address stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum

from pymta.dataclass import dataclass
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.edits import Edit
from pymta.mail.listed import listed

LONGEST_LINE = 998  # octets without CRLF
MOST_ADDRESSES = 1000  # of one header; who writes to more has them in no field
FOLD = "\r\n "
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")  # RFC 5322 s2.2, with the blanks of s4.5


class Side(Enum):
    """Whether a field names who writes, or who is to read."""

    SENDER = "sender"
    RECIPIENT = "recipient"


_SENDERS = (
    "from sender reply-to resent-from resent-sender resent-reply-to errors-to mail-followup-to"
    " return-receipt-to disposition-notification-to"
)
_RECIPIENTS = "to cc bcc resent-to resent-cc resent-bcc apparently-to"
SIDES = dict.fromkeys(_SENDERS.encode().split(), Side.SENDER) | dict.fromkeys(
    _RECIPIENTS.encode().split(), Side.RECIPIENT
)

Rewrite = Callable[[Mailbox, Side], Mailbox]


class HeaderKeeper:
    """`feed` the blocks in order; `kept` is the header, or its beginning where it is too long."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self._is_over = False

    def feed(self, block: bytes) -> None:
        if self._is_over:
            return
        start = max(len(self._kept) - 3, 0)
        self._kept += block
        end = 0 if self._kept.startswith(b"\r\n") else self._kept.find(b"\r\n\r\n", start) + 2
        if end != 1:
            del self._kept[end:]
        self._is_over = end != 1 or len(self._kept) > self._most

    @property
    def kept(self) -> bytes:
        return bytes(self._kept[: self._most])


@dataclass(frozen=True, slots=True)
class _Place:
    """An address that becomes `text`, all counted from the first octet of the header.

    `outset` is where the line can be folded before it.
    """

    outset: int
    at: int
    end: int
    text: str

    @property
    def growth(self) -> int:
        return len(self.text.encode()) - (self.end - self.at)


def edits_of(header: bytes, rewrite: Rewrite, *, may_be_utf8: bool = False) -> tuple[Edit, ...]:
    """What becomes of `header`; whatever `rewrite` raises ends it.

    Without `may_be_utf8` an address that needs more than ASCII stays as it is.
    """
    found = list(_places(header, rewrite, may_be_utf8=may_be_utf8))
    return tuple(edit for line in _by_line(header, found) for edit in _fitted(header, line))


def _places(header: bytes, rewrite: Rewrite, *, may_be_utf8: bool) -> Iterator[_Place]:
    known: dict[tuple[bytes, Side], str] = {}
    for start, end, side in _fields(header):
        for one in listed(header[start:end]):
            at = start + one.end - len(one.address)
            if not one.address or header[at : start + one.end] != one.address:
                continue
            key = one.address, side
            if key not in known:
                if len(known) == MOST_ADDRESSES:
                    return
                known[key] = _rewritten(one.address, side, rewrite, may_be_utf8=may_be_utf8)
            if known[key]:
                yield _Place(start + one.outset, at, start + one.end, known[key])


def _rewritten(address: bytes, side: Side, rewrite: Rewrite, *, may_be_utf8: bool) -> str:
    """One that stays gives ""."""
    try:
        mailbox = parse_mailbox(address.decode("utf-8"))
    except UnicodeDecodeError:
        return ""
    if not isinstance(mailbox, Mailbox):
        return ""
    made = rewrite(mailbox, side)
    if made == mailbox:
        return ""
    text = str(made)
    return text if text.isascii() or may_be_utf8 else str(made.for_old_servers or "")


def _fields(header: bytes) -> Iterator[tuple[int, int, Side]]:
    """Where the value of each begins and ends; a line that is no field is body."""
    at = 0
    while at < len(header):
        field = _FIELD.match(header, at)
        if field is None:
            return
        end = _end_of_field(header, field.end())
        if side := SIDES.get(field[1].lower()):
            yield field.end(), end, side
        at = end


def _end_of_field(header: bytes, at: int) -> int:
    while True:
        at = header.find(b"\n", at) + 1 or len(header)
        if header[at : at + 1] not in (b" ", b"\t"):
            return at


def _by_line(header: bytes, places: list[_Place]) -> Iterator[list[_Place]]:
    line: list[_Place] = []
    for place in places:
        if line and b"\n" in header[line[-1].end : place.outset]:
            yield line
            line = []
        line.append(place)
    if line:
        yield line


def _fitted(header: bytes, line: list[_Place]) -> Iterator[Edit]:
    """Folded where it would be too long.  In an address there is no end of a line, but there may be
    one between a bracket and the address.
    """
    start = header.rfind(b"\n", 0, line[0].outset) + 1
    column, is_blank = 0, True
    for n, place in enumerate(line):
        before = header[start : place.outset]
        column += len(before)
        is_blank = is_blank and not before.strip()
        start = line[n + 1].outset if n + 1 < len(line) else _end_of_line(header, place.end)
        rest, growth = start - place.outset, place.growth
        is_to_fold = column + rest + growth > LONGEST_LINE and not is_blank
        width = 1 if is_to_fold else column
        if growth > 0 and width + rest + growth > LONGEST_LINE:
            column, is_blank = column + rest, False
            continue
        if is_to_fold:
            yield Edit(place.outset, 0, FOLD)
        yield Edit(place.at, place.end - place.at, place.text)
        column, is_blank = width + rest + growth, False


def _end_of_line(header: bytes, at: int) -> int:
    found = header.find(b"\r\n", at)
    return found if found >= 0 else len(header)
