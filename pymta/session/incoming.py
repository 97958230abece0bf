"""The message under way in a session: from DATA to the supervisor's ear.

Touches: disk, clock.
"""

from __future__ import annotations

from pymta.session import data
from pymta.session.answer import Answer
from pymta.session.data import Reception
from pymta.session.hand_on import hand_on
from pymta.session.patience import Patience
from pymta.session.transaction import Transaction
from pymta.session.visit import Visit
from pymta.session.watch import Watch
from pymta.session.world import World
from pymta.smtp.server import BodyPart


class Incoming:
    """`reception` is the message that is being received, None between messages."""

    def __init__(self, visit: Visit, world: World, watch: Watch, patience: Patience) -> None:
        self._visit = visit
        self._world = world
        self._watch = watch
        self._patience = patience
        self._received: Reception | None = None  # whole and answered, but not handed on yet
        self.reception: Reception | None = None

    def begin(self) -> Answer:
        begun = data.begin(self._visit, self._world)
        if isinstance(begun, Answer):
            return begun
        self.reception = begun
        self._patience.begin_message()
        return Answer(data.GO_AHEAD)

    def take(self, part: BodyPart) -> Answer | None:
        """The answer comes with the last part; write it, and then `finish`."""
        reception = self.reception
        assert reception is not None
        answer = reception.take(part)
        if answer is not None:
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
        self._visit.transaction = Transaction()

    def abandon(self) -> None:
        """Nothing of a message that was not accepted remains."""
        if self.reception is not None:
            self.reception.abandon()
