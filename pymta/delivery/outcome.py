"""What came of one attempt for one recipient, and the way that was tried."""

from __future__ import annotations

from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.mail.envelope import Envelope, Recipient
from pymta.routing.target import is_item
from pymta.spool.outcomes import State
from pymta.spool.recipients import NO_FURTHER, givers, of_envelope, way_to, written
from pymta.transport.classify import Outcome

NOBODY = Recipient("")
LMTP = "lmtp"  # of `Tried.transport`


@dataclass(frozen=True, slots=True)
class Addressee:
    """A recipient of the message; `index` is its place in the envelope, or behind it.

    `via` are the addresses whose owners have had the mail sent on to this one, from that of the
    envelope to the last.  `is_final`: into the mailbox itself, whatever a .forward says.
    `asked` says what the sender wants to be told of this recipient (RFC 3461 s5.2.7).
    `sender` is the owner of the list that he is on, from whom he gets it and who is told then; "":
    that of the envelope.
    """

    index: int
    address: str
    via: tuple[str, ...] = ()
    is_final: bool = False
    asked: Recipient = NOBODY
    sender: str = ""

    @property
    def came(self) -> tuple[tuple[str, ...], str]:
        """Whoever came another way does not travel with him: his message has other lines."""
        return self.via, self.sender

    @property
    def is_item(self) -> bool:
        """It is a command or a file, on behalf of the last of `via`."""
        return bool(self.via) and is_item(self.address)

    @property
    def original(self) -> str:
        """The recipient of the envelope for whom this one stands, "" when it is that one."""
        return self.via[0] if self.via else ""


def addressees(indices: Iterable[int], envelope: Envelope, state: State) -> list[Addressee]:
    """Some recipients of a message that stands like this."""
    if not state.added:  # as of most: they are those of the envelope
        return [_of_envelope(index, envelope.recipients[index]) for index in indices]
    addresses, gave = written(envelope, state), givers(state)
    sent_on_to, owners = dict(state.redirects), dict(state.senders)

    def one(index: int) -> Addressee:
        way = way_to(index, gave)
        via = tuple(addresses[n].removeprefix(NO_FURTHER) for n in way)
        asker = of_envelope(index, len(envelope.recipients), gave, state)
        asked = NOBODY if asker is None else envelope.recipients[asker]
        sender = next((owners[n] for n in reversed(way) if n in owners), "")
        if sender:  # what the other one wanted to know ended with the list (RFC 3461 s5.2.7.1)
            asked = NOBODY
        if any(len(sent_on_to[n]) > 1 for n in way):
            asked = asked.without_success()
        text = addresses[index]
        is_final = text.startswith(NO_FURTHER)
        return Addressee(index, text.removeprefix(NO_FURTHER), via, is_final, asked, sender)

    return [one(index) for index in indices]


def _of_envelope(index: int, asked: Recipient) -> Addressee:
    text = asked.address
    is_final = text.startswith(NO_FURTHER)
    return Addressee(index, text.removeprefix(NO_FURTHER), is_final=is_final, asked=asked)


@dataclass(frozen=True, slots=True)
class Tried:
    """`router` and `transport` are words for the log, "" where it did not get so far.

    `return_path` is the sender that a host was told, where it is not the one from whom he has it.
    `size` is what was to be delivered, in octets, and `took` how long that took, in seconds.
    """

    addressee: Addressee
    outcome: Outcome
    router: str = ""
    transport: str = ""
    mailbox: str = ""
    size: int = 0
    took: float = 0.0
    return_path: str = ""
