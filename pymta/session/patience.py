"""How long a session waits for its client.

A command has `smtp_receive_timeout` as a whole, however slowly its octets come.  A message has it
for every read, and as a whole one that grows with what has come, so that it must keep moving; that
holds between the chunks of BDAT, too.

So nobody holds a slot by sending an octet now and then, and who sends a command now and then holds
it no longer than `smtp_session_timeout`.  What we take long for ourselves, such as questions to
slow name servers, counts for that alone.

Touches: clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pymta.config.session import Session

FOR_EVER = float("inf")
SLOW = 1.0  # seconds; a command that we took longer for is answered before the next one is begun


class Patience:
    """All deadlines are on `clock`, which is monotonic; a limit of 0 is none."""

    def __init__(self, limits: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._timeout = limits.smtp_receive_timeout or FOR_EVER
        self._rate = limits.smtp_min_data_rate  # octets per second
        self._end = clock() + (limits.smtp_session_timeout or FOR_EVER)
        self._since = self._busy_since = clock()
        self._message_since: float | None = None  # None: none is under way
        self._received = 0  # octets of the message under way that still count
        self._is_swallowing = False  # it was refused and goes on coming

    @property
    def for_session(self) -> float:
        """Then it has lasted long enough, whoever was slow in it."""
        return self._end

    @property
    def was_slow(self) -> bool:
        """It was we, since there was something to do."""
        return self._clock() - self._busy_since >= SLOW

    def begin(self) -> None:
        """The client has done something: its time begins anew."""
        self._since = self._busy_since = self._clock()

    def begin_message(self) -> None:
        self._message_since = self._clock()
        self._received = 0
        self._is_swallowing = False

    def end_message(self) -> None:
        self._message_since = None

    def came(self, octets: int) -> None:
        self._received += octets
        self._busy_since = self._clock()

    def swallow(self) -> None:
        """After a refusal the client has one time-out for the rest: nobody sends into the void."""
        if not self._is_swallowing:
            self._message_since = self._clock()
        self._is_swallowing = True
        self._received = 0

    @property
    def for_command(self) -> float:
        return min(self._since + self._timeout, self._for_message, self._end)

    @property
    def for_data(self) -> float:
        """No read may take longer than the time-out, nor the whole longer than its size allows."""
        return min(self.from_now, self._for_message)

    @property
    def _for_message(self) -> float:
        if self._message_since is None or not (self._rate or self._is_swallowing):
            return FOR_EVER
        earned = self._received / self._rate if self._rate else 0.0
        return self._message_since + self._timeout + earned

    @property
    def from_now(self) -> float:
        return self._clock() + self._timeout
