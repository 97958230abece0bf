"""How a session ends: the last reply, the line in the log, the exit status of SS-03.

Touches: sockets, clock.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.journal import policy_events
from pymta.journal import session_events as say
from pymta.session import farewell, policy
from pymta.session.chronicle import Chronicle
from pymta.session.closedown import close_down
from pymta.session.data import Reception
from pymta.session.farewell import Farewell, Underway
from pymta.session.pace import Enough
from pymta.session.patience import Patience
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.voice import Voice


class Ending:
    """One session's.  Every method but `part` gives the exit status."""

    def __init__(
        self, visit: Visit, stream: Stream, voice: Voice, chronicle: Chronicle, patience: Patience
    ) -> None:
        self._visit = visit
        self._stream = stream
        self._voice = voice
        self._chronicle = chronicle
        self._patience = patience
        self._lingers = False  # its next command may cross our last reply
        self.is_good = False  # by QUIT, the end of the input, or a time-out in a command

    def after(self, stop: Stop, reception: Reception | None, *, has_sender: bool) -> int:
        """There was nothing to read.  `reception` is the message under way."""
        self._lingers = stop in {Stop.DRAINING, Stop.TERMINATED}
        self.is_good = stop is Stop.CLOSED or (stop is Stop.TIMED_OUT and reception is None)
        return self.end(self._why(stop, reception, has_sender=has_sender))

    def _why(self, stop: Stop, reception: Reception | None, *, has_sender: bool) -> Farewell:
        seconds = self._chronicle.seconds
        message = underway(reception)
        match stop:
            case Stop.CLOSED:
                error = self._stream.error
                return farewell.closed(
                    self._visit, message, seconds, has_sender=has_sender, error=error
                )
            case Stop.TIMED_OUT if reception and reception.refusal:
                return Farewell(reception.refusal.reply, reception.refusal.event, 1)
            case Stop.TIMED_OUT:
                return farewell.timed_out(self._visit, message, seconds)
            case Stop.TERMINATED:
                return farewell.terminated(self._visit, message, seconds)
            case Stop.DRAINING:
                return farewell.draining(self._visit, seconds)

    def unwritable(self) -> int:
        return self.end(farewell.unwritable(self._visit, self._stream.error))

    def drop(self, enough: Enough) -> int:
        """SS-05"""
        self._chronicle.tell(say.dropped(self._visit.origin, enough.why, enough.reason))
        text = policy.last_words(self._visit, enough.reason)
        self._voice.say(replace(enough.reply, text=text) if text else enough.reply)
        self._voice.flush()
        return enough.status

    def drop_by_policy(self) -> int:
        """SS-04; the reply has been said."""
        self._voice.flush()
        self._tell_drop()
        return 0

    def quit(self) -> int:
        self._lingers = self.is_good = self._voice.flush() is None
        self._chronicle.closed_by_quit()
        return 0

    def end(self, end: Farewell) -> int:
        if end.event is not None:
            self._chronicle.tell(end.event)
        if end.is_drop:
            self._tell_drop()
        text = policy.last_words(self._visit, end.reason) if end.reason else ""
        if end.reply is not None:
            reply = replace(end.reply, text=text) if text else end.reply
            self._voice.say_last(reply)
            if end.closes_down and not self._stream.is_mute:
                deadline, extended = self._patience.from_now, self._visit.is_extended
                close_down(self._stream, reply, self._visit.host, deadline, with_enhanced=extended)
        return end.status

    def _tell_drop(self) -> None:
        seconds = self._chronicle.seconds
        self._chronicle.tell(policy_events.closed_by_drop(self._visit.origin, seconds))
        policy.last_words(self._visit, policy.DROPPED)  # what it was dropped with stays

    def part(self) -> None:
        """Nothing is left unread."""
        self._chronicle.end()
        self._stream.drain(linger=self._lingers)


def underway(reception: Reception | None) -> Underway | None:
    return Underway(reception.id, reception.sender) if reception else None
