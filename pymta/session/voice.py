"""What we say: replies are collected, and written together before the next wait (RFC 2920).

Touches: sockets, clock.
"""

from __future__ import annotations

import time

from pymta.mail.reply import Reply
from pymta.session.patience import Patience
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.watch import Watch


class Voice:
    def __init__(self, visit: Visit, stream: Stream, watch: Watch, patience: Patience) -> None:
        self._visit = visit
        self._stream = stream
        self._watch = watch
        self._patience = patience
        self._replies = b""

    def say(self, reply: Reply) -> None:
        self._watch.said(reply)
        self._replies += reply.encode(with_enhanced=self._visit.is_extended)

    def flush(self) -> Stop | None:
        """None: all of it is out, and it is the client's turn."""
        if not self._replies:
            return None
        replies, self._replies = self._replies, b""
        stop = self._stream.write(replies, self._patience.from_now)
        self._patience.begin()
        return stop

    def say_last(self, reply: Reply) -> None:
        """Nobody waits for a client that is being left; what fits into the buffer goes."""
        self.say(reply)
        replies, self._replies = self._replies, b""
        self._stream.write(replies, time.monotonic())
