"""The message under way in a session: from DATA or BDAT to the supervisor's ear.

Touches: disk, clock.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.mail.envelope import BINARYMIME
from pymta.mail.reply import Reply
from pymta.session import data
from pymta.session.answer import Answer, fault
from pymta.session.data import GONE, Reception
from pymta.session.hand_on import hand_on
from pymta.session.patience import Patience
from pymta.session.transaction import Transaction
from pymta.session.visit import Visit
from pymta.session.watch import Watch
from pymta.session.world import World
from pymta.smtp.chunks import Chunk
from pymta.smtp.server import BodyPart

GO_ON = Answer(Reply(250, "nobody hears this"))  # a chunk is answered when it has come
_NOT_IN_LINES = fault(Reply(503, "BODY=BINARYMIME needs BDAT", "5.5.1"))  # RFC 3030 s3
_NOT_OFFERED = fault(Reply(503, "BDAT command used when not advertised", "5.5.1"))


class Incoming:
    """`reception` is the message that is being received, None between messages."""

    def __init__(
        self,
        visit: Visit,
        world: World,
        watch: Watch,
        patience: Patience,
        has_gone: Callable[[], bool],
    ) -> None:
        self._visit = visit
        self._world = world
        self._watch = watch
        self._patience = patience
        self._has_gone = has_gone
        self._received: Reception | None = None  # whole and answered, but not handed on yet
        self._chunk = Chunk(0, is_last=False)
        self.reception: Reception | None = None

    @property
    def is_answered(self) -> bool:
        """The message has come to its end, and its client is about to hear what became of it."""
        return self._received is not None

    def begin(self) -> Answer:
        """DATA, which ends where a line says so, is nothing for octets that are no lines."""
        if self._visit.transaction.asked.body == BINARYMIME:
            return _NOT_IN_LINES
        return self._begin()

    def _begin(self) -> Answer:
        begun = data.begin(self._visit, self._world, self._has_gone)
        if isinstance(begun, Answer):
            return begun
        self.reception = begun
        self._patience.begin_message()
        return Answer(data.GO_AHEAD)

    def begin_chunk(self, chunk: Chunk) -> Answer:
        """GO_ON: take its octets, and what they are answered with."""
        if not self._visit.offer.chunking:
            return _NOT_OFFERED
        if self.reception is None:
            begun = self._begin()
            if self.reception is None:
                return begun
        self._chunk = chunk
        self.reception.announce(chunk.size)
        return GO_ON

    def take(self, part: BodyPart) -> Answer | None:
        """The answer comes with the last part, of a message or of a chunk; GONE: nobody hears one.

        Write it, and after that of a message `finish`.
        """
        reception = self.reception
        assert reception is not None
        answer = reception.take(part)
        if answer is GONE:
            return answer
        if answer is None and part.ends_chunk:
            answer = reception.refused or _chunk_taken(self._chunk)
        elif answer is not None:
            self._received, self.reception = reception, None
        elif reception.refusal is not None:
            self._patience.swallow()
        return answer

    def finish(self) -> None:
        """The message was answered: have it delivered if it was accepted, and forget it."""
        assert self._received is not None
        if self._received.accepted is not None:
            self._watch.accepted(self._received.id)
            hand_on(self._visit, self._world, self._received.accepted)
        self._received = None
        self.forget()

    def forget(self) -> None:
        """The transaction is over, whatever has come of its message."""
        self.abandon()
        self.reception = None
        self._patience.end_message()
        self._visit.transaction = Transaction()

    def abandon(self) -> None:
        """Nothing of a message that was not accepted remains."""
        if self.reception is not None:
            self.reception.abandon()


def _chunk_taken(chunk: Chunk) -> Answer:
    return Answer(Reply(250, f"{chunk.size} octets received", "2.0.0"))
