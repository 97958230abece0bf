"""A client's whole dialogue for one message, without a socket: both halves, one after the other."""

from __future__ import annotations

from typing import Any

from pymta.smtp.client import Transaction
from pymta.smtp.client_hello import Hello
from pymta.smtp.client_words import After, Deed, Finished, NoService, Ready
from pymta.smtp.offers import NO_OFFERS
from pymta.smtp.replies import ReplyReader


class Spoken:
    """Where a host does not serve us, each recipient has that as result; CLOSE then stands for one
    that would not even read a QUIT.
    """

    def __init__(self, helo: str, sender: str, recipients: tuple[str, ...], **message: Any) -> None:
        self._replies = ReplyReader()
        self._hello = Hello(helo, self._replies, is_lmtp=message.get("is_lmtp", False))
        self._message = (sender, recipients)
        self._more = message
        self._transaction: Transaction | None = None
        # What cannot stand in a command is refused before anybody is called.
        Transaction(NO_OFFERS, ReplyReader(), sender, recipients, **message)

    def next_action(self) -> Deed | Finished:
        if self._transaction:
            return self._transaction.next_action()
        match self._hello.next_action():
            case Ready(offers):
                self._transaction = Transaction(offers, self._replies, *self._message, **self._more)
                return self.next_action()
            case NoService(result, is_spoken_to):
                after = After.ANOTHER if is_spoken_to else After.CLOSE
                return Finished((result,) * len(self._message[1]), after)
            case deed:
                return deed

    def receive(self, data: bytes) -> None:
        (self._transaction or self._hello).receive(data)

    def lost(self, why: str) -> None:
        (self._transaction or self._hello).lost(why)
