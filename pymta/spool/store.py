"""The shape of a spool, behind which another engine must fit without touching its callers.

It speaks of ids, queue names, records, streams and claims; never of paths, descriptors' names or
mtimes.  A message goes to the queue that its envelope names, for good; an id is in one queue only.
`pymta.spool.files` is the one for a single host: one file per message, a journal beside it.

    intake = spool.begin(envelope)      a name is taken; nobody else can see the message
    intake.write(chunk)                 the message as received, in blocks
    intake.commit(seal)                 synced; from here on it is ours to deliver or to return
    intake.abandon()                    instead of commit: nothing remains

    spool.waiting(queue)                what waits in one queue, without looking at the others

    claim = spool.claim(id)             one process per message, while the claim is held
    claim.prepare()                     before anybody gets it: can it be recorded?
    claim.note(record)                  synced before it returns; of several all or none are there
    claim.finish()                      the message is settled: remove it
    spool.clear()                       nothing of such messages is left to be done
    claim.release()                     let go; it stays for a later attempt

Every operation raises `SpoolError` (an OSError) when the disk says no; nothing is half done then.
A message that cannot be read is set aside for the operator, who is told once: `claim` answers
None for it, `peek` raises SpoolError, and so does the end of `blocks` when the body is damaged.
One that a newer pymta wrote stays where it is: `claim` and `peek` raise SpoolError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Protocol

from pymta.dataclass import dataclass
from pymta.load.reading import Room
from pymta.mail.edits import Edit
from pymta.mail.envelope import DEFAULT_QUEUE, Envelope
from pymta.spool.outcomes import Record, State


class SpoolError(OSError):
    """The disk under the spool refused; `errno` says why.  The caller answers 452 or 451."""


class NewerFormatError(ValueError):
    """It was written by a newer pymta: not ours to read, and nothing is wrong with it."""


class refusing:  # noqa: N801 - used like a function; made of a generator it takes three times as long
    """Turn whatever the disk says while we do `deed` into a SpoolError with its errno."""

    def __init__(self, deed: str) -> None:
        self._deed = deed

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, SpoolError):
            raise SpoolError(error.errno, f"{self._deed}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known only when the last byte has come, written behind the message.

    `on_top` are header fields to put before the message, in order, each complete with its CRLF.
    `size` is in bytes, as received; `digest` the SHA-256 of those bytes, in hex.
    `edits` are made in the message when it is sent, and are counted in what was received.
    `frozen` is why nobody is to try it before an operator says so, "" where all is well.
    """

    on_top: tuple[str, ...] = ()
    size: int = 0
    digest: str = ""
    eight_bit: bool = False
    message_id: str = ""  # the Message-ID field of the message, for the log
    tls_optional: bool = False  # it says "TLS-Required: No" (RFC 8689), and nothing says otherwise
    frozen: str = ""
    edits: tuple[Edit, ...] = ()

    def of(self, size: int, digest: str) -> Seal:
        """The same for a message that is complete, and has turned out to be this one."""
        return Seal(
            *(self.on_top, size, digest, self.eight_bit, self.message_id),
            *(self.tls_optional, self.frozen, self.edits),
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message as a queue run or a listing sees it from outside, without reading it."""

    id: str
    due: float  # seconds since the epoch; 0: never tried yet; far ahead: frozen
    is_first: bool  # no attempt has been recorded


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it can be read without a claim: for listings, while others may deliver it."""

    id: str
    envelope: Envelope
    seal: Seal
    state: State
    history: tuple[Record, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Glance:
    """What a listing shows of a message.

    `recipients` are addresses in the order of their indices, each with whether it still waits.
    `frozen` and `held` as of `pymta.spool.outcomes.State`; time in seconds since the epoch, `size`
    in bytes.
    """

    id: str
    sender: str
    recipients: tuple[tuple[str, bool], ...]
    received_at: float
    queue: str
    size: int
    frozen: str = ""
    held: str = ""


def glance_of(message: Message) -> Glance:
    """The same, of what has been read already."""
    envelope, state = message.envelope, message.state
    return Glance(
        message.id,
        envelope.sender,
        standing((one.address for one in envelope.recipients), state),
        envelope.received_at,
        envelope.queue_name,
        message.seal.size,
        state.frozen,
        state.held,
    )


def standing(addresses: Iterable[str], state: State) -> tuple[tuple[str, bool], ...]:
    """The `recipients` of a glance; `addresses` are those of the envelope."""
    pending = frozenset(state.pending)  # there may be very many
    known = (*enumerate(addresses), *state.added)
    return tuple((address, n in pending) for n, address in known)


class Intake(Protocol):
    id: str

    def write(self, chunk: bytes) -> None: ...

    def commit(self, seal: Seal) -> None:
        """Returns only when file and directory are synced.  Size and digest are filled in here."""
        ...

    def abandon(self) -> None: ...


class Claim(Protocol):
    id: str
    envelope: Envelope
    seal: Seal

    @property
    def state(self) -> State: ...

    def blocks(self) -> Iterator[bytes]:
        """The message as received, in blocks, from its first byte.

        Raises SpoolError instead of ending when the blocks were not what was committed: whoever
        reads to the end before the final dot never completes a damaged message.
        """
        ...

    def prepare(self) -> None:
        """Asked before an attempt delivers anything: will there be room for its records?

        SpoolError when not.  Without this a full disk would have every attempt deliver again what
        the one before could not record.
        """
        ...

    def note(self, *records: Record) -> None:
        """One or more, which a stop or a power cut leaves all together or not at all."""
        ...

    def is_mine(self) -> bool:
        """Asked right before the final dot: does this claim still hold?"""
        ...

    def finish(self) -> bool:
        """It is gone.  True: something is left to do, which waits for others or for `clear`."""
        ...

    def release(self) -> None: ...


class Spool(Protocol):
    def begin(self, envelope: Envelope, *, id: str = "") -> Intake:
        """Start a message.  `id` is one that `reserve` gave; without it a new one is taken."""
        ...

    def reserve(self) -> str:
        """A new message id that nobody else will get, for a message still to be written."""
        ...

    def holds(self, id: str) -> bool:
        """Is a message of this id in any queue?"""
        ...

    def claim(self, id: str) -> Claim | None:
        """None: gone, or in the hands of another process."""
        ...

    def clear(self) -> None:
        """Do what this process has left of settled messages."""
        ...

    def peek(self, id: str) -> Message | None:
        """Read it without a claim; None when it has gone."""
        ...

    def glance(self, id: str, queue: str) -> Glance | None:
        """What a listing shows of a message that was seen in this queue, for much less.

        None when it has gone.  Raises SpoolError as `peek`.
        """
        ...

    def glances(self, queue: str, trouble: Callable[[SpoolError], None]) -> Iterator[Glance]:
        """Each message of one queue, in the order of arrival; `trouble` hears of those that cannot
        be read.  Cheaper than one by one, most of all for whoever lists again.
        """
        ...

    def queues(self) -> tuple[str, ...]:
        """The names of all queues: the default one, "", and those that ever had a message."""
        ...

    def waiting(self, queue: str = DEFAULT_QUEUE) -> Iterator[Waiting]:
        """Every message of one queue, in the order of arrival, cheaply."""
        ...

    def ids(self, queue: str = DEFAULT_QUEUE) -> list[str]:
        """Those of `waiting`, for whoever does not ask when they are due: more cheaply still."""
        ...

    def room(self) -> Room:
        """What is free where messages are kept."""
        ...

    def sweep(self) -> int:
        """Clear what stopped processes left behind, and say how many pieces.  Safe at any time."""
        ...
