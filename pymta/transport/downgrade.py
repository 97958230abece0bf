"""A message made fit for a host that does not take all octets (RFC 6152 s3, RFC 3030 s3).

    the host has no 8BITMIME     each body with 8-bit data is sent as quoted-printable or base64
    the host has no BINARYMIME   so is each that is not in lines, or has lines too long for SMTP

What need not be encoded stays as it is, octet by octet, but for labels that would be untrue.  Text
is written in the shorter of the two, all else in base64.  Nobody is shown what stands before the
first part and behind the last one: a question mark takes the place of each octet there.

What cannot be done correctly is not done, and the reply says why: for headers in 8 bits there is no
such encoding; what was signed or encrypted as it is must not be changed (RFC 1847 s2.1); and where
readers may not agree what is a part, none is taken for one.  A DKIM signature of the body does not
hold for the body that is sent: that mail arrives counts for more (so it does with Postfix).

The message is read three times: to see what has to be done, for the size of what comes out, and to
send it.  No more of it than a block is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pymta.dataclass import dataclass
from pymta.mail.reply import Reply
from pymta.smtp.outgoing import goes_as_it_is
from pymta.transport.mime_head import Head, Kind, UnclearError
from pymta.transport.mime_walk import Boundary, Content, Piece, Sealed, Unseen, walk
from pymta.transport.parcel import Parcel
from pymta.transport.transfer_encoding import Base64, QuotedPrintable, TransferEncoding

LONGEST_LINE = 998  # octets, RFC 5321 s4.5.3.1.6
_ENCODERS: dict[TransferEncoding | None, type[QuotedPrintable | Base64]] = {
    TransferEncoding.QUOTED_PRINTABLE: QuotedPrintable,
    TransferEncoding.BASE64: Base64,
}
_AS_IS_IN_QP = bytes(c for c in range(127) if c in b"\t\r\n" or (c >= 32 and c != ord("=")))
_EIGHT_BIT = bytes(range(128, 256))
_QUESTION_MARKS = bytes.maketrans(_EIGHT_BIT, b"?" * len(_EIGHT_BIT))

_HEADER = Reply(554, "header has 8-bit data, which the remote host does not take", "5.6.3")
_UTF8_HEADER = Reply(554, "header is in UTF-8, which the remote host does not take", "5.6.7")
_SEALED = Reply(
    554,
    "message has data that the remote host does not take, in a part that must not be changed",
    "5.6.3",
)


class UnfitError(Exception):
    """It cannot be made fit; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Plan:
    """How the body behind each header is encoded and labelled; None: as it is."""

    labels: tuple[TransferEncoding | None, ...]
    takes_eight_bit: bool


def fit(parcel: Parcel, offers: frozenset[str]) -> Parcel:
    """As the host takes it; the same where it takes all of it.

    Raises UnfitError, and SpoolError where the message cannot be read.
    """
    if goes_as_it_is(offers, eight_bit=parcel.eight_bit, is_binary=parcel.is_binary):
        return parcel
    made = plan(parcel.content(), takes_eight_bit="8BITMIME" in offers)

    def blocks() -> Iterator[bytes]:
        return converted(parcel.content(), made)

    return replace(
        parcel,
        on_top=b"",
        blocks=blocks,
        size=sum(map(len, blocks())),
        eight_bit=parcel.eight_bit and made.takes_eight_bit,
        is_binary=False,
    )


def plan(blocks: Iterable[bytes], *, takes_eight_bit: bool) -> Plan:
    """What has to be done.  Raises UnfitError."""
    try:
        return Plan(tuple(_labels(walk(blocks), takes_eight_bit)), takes_eight_bit)
    except UnclearError as error:
        text = f"message has data that the remote host does not take, and {error}"
        raise UnfitError(Reply(554, text, "5.6.3")) from None


def converted(blocks: Iterable[bytes], made: Plan) -> Iterator[bytes]:
    """The message of which the plan was made, as it is sent."""
    labels = iter(made.labels)
    encoder: QuotedPrintable | Base64 | None = None
    for piece in walk(blocks):
        match piece:
            case Head():
                label = next(labels)
                encoder = _ENCODERS[label]() if label in _ENCODERS else None
                yield piece.labelled(label.value) if label else piece.octets
            case Content(octets):
                yield encoder.feed(octets) if encoder else octets
            case Boundary(octets):
                yield (encoder.finish(is_end=False) if encoder else b"") + octets
                encoder = None
            case Unseen(octets) if not made.takes_eight_bit:
                yield octets.translate(_QUESTION_MARKS)
            case _:
                yield piece.octets
    if encoder:
        yield encoder.finish(is_end=True)


def _labels(pieces: Iterable[Piece], takes_eight_bit: bool) -> Iterator[TransferEncoding | None]:
    head: Head | None = None
    weight = _Weight()
    for piece in pieces:
        match piece:
            case Head():
                if head:
                    yield _label(head, weight, takes_eight_bit)
                if not takes_eight_bit:
                    _check_header(piece.octets)
                head, weight = piece, _Weight()
            case Content(octets):
                weight.add(octets)
            case Sealed(octets):
                _check_sealed(octets, takes_eight_bit)
    if head:
        yield _label(head, weight, takes_eight_bit)


class _Weight:
    """What a body has in it."""

    def __init__(self) -> None:
        self._octets = 0
        self._written_out = 0  # octets that quoted-printable writes as three
        self._line = 0  # octets of the last line so far
        self._has_eight_bit = False
        self._has_long_line = False
        self._is_binary = False

    def add(self, piece: bytes) -> None:
        self._octets += len(piece)
        self._written_out += len(piece.translate(None, _AS_IS_IN_QP))
        self._has_eight_bit |= not piece.isascii()
        self._is_binary |= b"\0" in piece or _has_bare_newline(piece)
        first, *others = map(len, piece.split(b"\r\n"))
        self._line += first
        self._has_long_line |= max(self._line, *others, 0) > LONGEST_LINE
        if others:
            self._line = others[-1]

    def has_to_be_encoded(self, takes_eight_bit: bool) -> bool:
        is_too_high = self._has_eight_bit and not takes_eight_bit
        return is_too_high or self._is_binary or self._has_long_line

    @property
    def is_good_text(self) -> bool:
        """Shorter in quoted-printable, with lines that are lines."""
        return not self._is_binary and 3 * 2 * self._written_out <= self._octets


def _label(head: Head, weight: _Weight, takes_eight_bit: bool) -> TransferEncoding | None:
    if head.kind is Kind.LEAF and weight.has_to_be_encoded(takes_eight_bit):
        is_quoted = head.is_text and weight.is_good_text
        return TransferEncoding.QUOTED_PRINTABLE if is_quoted else TransferEncoding.BASE64
    if takes_eight_bit:
        return TransferEncoding.EIGHT_BIT if head.label == "binary" else None
    return TransferEncoding.SEVEN_BIT if head.label in {"8bit", "binary"} else None


def _check_header(octets: bytes) -> None:
    if octets.isascii():
        return
    try:
        octets.decode()
    except UnicodeDecodeError:
        raise UnfitError(_HEADER) from None
    raise UnfitError(_UTF8_HEADER)


def _check_sealed(octets: bytes, takes_eight_bit: bool) -> None:
    if (not takes_eight_bit and not octets.isascii()) or _has_bare_newline(octets):
        raise UnfitError(_SEALED)


def _has_bare_newline(piece: bytes) -> bool:
    pairs = piece.count(b"\r\n")
    return piece.count(b"\r") != pairs or piece.count(b"\n") != pairs
