"""What the client says, one event after another, each within its time.

Replies are collected while complete commands are at hand and written together before the next
wait, so a pipelining client gets one packet for its group.  Nobody waits without a deadline
(`patience`).

Touches: sockets, clock.
"""

from __future__ import annotations

from pymta.session.patience import Patience
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.voice import Voice
from pymta.smtp.server import BodyPart, Event, Server


class Ear:
    def __init__(self, stream: Stream, voice: Voice, patience: Patience) -> None:
        self._stream = stream
        self._voice = voice
        self._patience = patience

    def hear(self, server: Server) -> Event | Stop | None:
        """Stop: there will be no other.  None: what we had to say cannot be written."""
        event = server.next_event()
        if event is not None:
            return event if isinstance(event, BodyPart) else self._look_up(event)
        while event is None:
            # A refused BDAT is answered when its octets have come (RFC 3030 s2).
            if not server.is_counting_off and self._voice.flush() is not None:
                return None
            if (stop := self._listen(server)) is not None:
                return stop
            event = server.next_event()
        return event

    def _listen(self, server: Server) -> Stop | None:
        """Read once."""
        in_data = server.is_in_data
        deadline = self._patience.for_data if in_data else self._patience.for_command
        if self._stream.is_late(deadline):
            return Stop.TIMED_OUT
        got = self._stream.read(deadline, at_command=not in_data)
        if isinstance(got, Stop):
            return got
        self._patience.came(len(got))
        server.receive(got)
        return None

    def _look_up(self, event: Event) -> Event | Stop | None:
        """It came with the one before, for which we may have taken long: is the client still there,
        and may we go on?
        """
        if self._stream.is_late(self._patience.for_session):
            return Stop.TIMED_OUT
        if not self._patience.was_slow:
            return event
        if self._voice.flush() is not None:
            return None
        return self._stream.rest(0) or event
