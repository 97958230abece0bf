"""What a transport is handed: one message, for the recipients of one destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pymta.mail.trace import delivered_to
from pymta.smtp.outgoing import NO_WISHES, Wishes
from pymta.spool.store import Claim


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way.

    `on_top` are the header fields that go before the message as received; `size` is in octets,
    both together.  `blocks` opens the message anew at each call.  `is_mine` is asked right before
    the step that cannot be taken back: does the claim still hold?  `wishes` are for another host.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    on_top: bytes
    size: int
    eight_bit: bool
    blocks: Callable[[], Iterator[bytes]]
    is_mine: Callable[[], bool]
    wishes: Wishes = NO_WISHES

    def content(self) -> Iterator[bytes]:
        """The whole message with CRLF line ends, in blocks; may raise SpoolError."""
        if self.on_top:
            yield self.on_top
        yield from self.blocks()


def parcel_of(claim: Claim, recipients: tuple[str, ...], via: tuple[str, ...] = ()) -> Parcel:
    """The message of `claim` for these recipients, who have it by way of the addresses `via`."""
    trace = "".join(delivered_to(address) for address in reversed(via))
    on_top = (trace + "".join(claim.seal.on_top)).encode()
    return Parcel(
        id=claim.id,
        sender=claim.envelope.sender,
        recipients=recipients,
        on_top=on_top,
        size=len(on_top) + claim.seal.size,
        eight_bit=claim.seal.eight_bit,
        blocks=claim.blocks,
        is_mine=claim.is_mine,
    )
