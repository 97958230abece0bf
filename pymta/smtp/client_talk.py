"""What both halves of a client's dialogue have in common: commands out, replies in, in order.

Whoever drives one asks `next_action` and does what it is told:

    SendBytes(data)     write all of it
    NeedReply(is_final) read once, in the time that there is for the answer to the final dot or to
                        any command, and call `receive`; b"" is the end of the file

until it says that it is over.  Whenever a write or a read fails or takes too long, he calls
`lost` with the reason and goes on asking.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque

from pymta.dataclass import dataclass
from pymta.mail.reply import Reply
from pymta.smtp.client_words import Deed, NeedReply, SendBytes, Stage, Unheard
from pymta.smtp.replies import Garbled, ReplyReader


@dataclass(frozen=True, slots=True)
class Step:
    """A command whose reply is awaited; `recipient` is an index, for RCPT, and in LMTP for the
    final dot.

    `line` is what goes out where `command` must not be quoted as it is, since it has a secret.
    """

    stage: Stage
    command: str
    recipient: int = -1
    line: str | None = None


class Talk(ABC):
    """`_hear` and `_stop` are the half's own: a reply has come, or nothing will come any more."""

    def __init__(self, replies: ReplyReader, *awaited: Step) -> None:
        self._replies = replies
        self._awaited: deque[Step] = deque(awaited)
        self._to_do: deque[Deed] = deque()

    def receive(self, data: bytes) -> None:
        """Take what was read; b"" is end of file."""
        if not data:
            self.lost("connection closed by the remote host")
            return
        self._replies.receive(data)
        while self._awaited:
            match self._replies.next_reply():
                case None:
                    return
                case Garbled(why):
                    self.lost(why)
                case reply:
                    self._hear(self._awaited.popleft(), reply)

    def lost(self, why: str) -> None:
        """The connection cannot be used any more."""
        step = self._awaited[0] if self._awaited else self._first
        self._stop(Unheard(why, step.stage, step.command))

    @property
    @abstractmethod
    def _first(self) -> Step:
        """Where a dialogue stands that waits for nothing yet."""

    @abstractmethod
    def _hear(self, step: Step, reply: Reply) -> None: ...

    @abstractmethod
    def _stop(self, result: Unheard) -> None: ...

    def _next_deed(self) -> Deed:
        if self._to_do:
            return self._to_do.popleft()
        return NeedReply(is_final=self._awaited[0].stage is Stage.FINAL)

    def _say(self, *steps: Step) -> None:
        """Nobody can have answered already what is only being said."""
        if self._replies.has_pending:
            first = steps[0]
            self._stop(Unheard("more replies than commands", first.stage, first.command))
            return
        self._awaited.extend(steps)
        text = "".join(f"{_line(step)}\r\n" for step in steps)
        self._to_do.append(SendBytes(text.encode()))

    def _be_silent(self) -> None:
        self._awaited.clear()
        self._to_do.clear()


def _line(step: Step) -> str:
    return step.command if step.line is None else step.line


def as_refusal(reply: Reply) -> Reply:
    """A reply of the wrong class (a 354 to RCPT) is nobody's permanent failure: 4xx, text kept."""
    if reply.code >= 400:
        return reply
    return Reply(451, f"unexpected reply: {reply.one_line()}", "4.5.0")
