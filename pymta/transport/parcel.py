"""What a transport is handed: one message, for the recipients of one destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pymta.dataclass import dataclass
from pymta.mail.edits import edited
from pymta.mail.trace import delivered_to
from pymta.smtp.outgoing import NO_WISHES, Wishes
from pymta.spool.store import Claim
from pymta.transport.line_ends import with_lf


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way.

    `on_top` are the header fields that go before the message as received; `size` is in octets,
    both together.  `blocks` opens the message anew at each call.  `is_mine` is asked right before
    the step that cannot be taken back: does the claim still hold?  `is_binary`:
    it came as BINARYMIME.  `wishes` are for another host, and so is `sender_of_ours`, who stands
    for `sender` there (`pymta.routing.srs`), "" where that is not needed.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    on_top: bytes
    size: int
    eight_bit: bool
    blocks: Callable[[], Iterator[bytes]]
    is_mine: Callable[[], bool]
    is_binary: bool = False
    wishes: Wishes = NO_WISHES
    sender_of_ours: str = ""

    def content(self) -> Iterator[bytes]:
        """The whole message with CRLF line ends, in blocks; may raise SpoolError."""
        return _behind(self.on_top, self.blocks())

    def as_file(self, head: bytes = b"") -> Iterator[bytes]:
        """The same for a mailbox, behind `head`: with LF line ends.

        Binary mail keeps what it has: nobody knows what of it are lines.
        """
        blocks = _behind(head + self.on_top, self.blocks())
        return blocks if self.is_binary else with_lf(blocks)


def _behind(head: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """In one block with the first of them, so that a small message is written at one go."""
    first = head + next(blocks, b"")
    if first:
        yield first
    yield from blocks


def parcel_of(
    claim: Claim, recipients: tuple[str, ...], via: tuple[str, ...] = (), sender: str = ""
) -> Parcel:
    """The message of `claim` for these recipients, who have it by way of the addresses `via`.

    `sender` is from whom they have it, "" for that of the envelope.
    """
    trace = "".join(delivered_to(address) for address in reversed(via))
    on_top = (trace + "".join(claim.seal.on_top)).encode()
    edits = claim.seal.edits
    return Parcel(
        id=claim.id,
        sender=sender or claim.envelope.sender,
        recipients=recipients,
        on_top=on_top,
        size=len(on_top) + claim.seal.size + sum(edit.growth for edit in edits),
        eight_bit=claim.seal.eight_bit,
        blocks=(lambda: edited(claim.blocks(), edits)) if edits else claim.blocks,
        is_mine=claim.is_mine,
        is_binary=claim.envelope.is_binary,
    )
