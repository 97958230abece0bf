"""How long a session waits for its client.

A command has `smtp_receive_timeout` as a whole, however slowly its octets come.  A message has it
for every read, and as a whole one that grows with what has come, so that it must keep moving; that
holds between the chunks of BDAT, too.

Touches: clock.
"""

from __future__ import annotations

import time

# A message may be slow, but not for ever: it gains a second per this many octets.  Slower than any
# line in use, far above what somebody would send who only wants to hold a slot.
_OCTETS_PER_SECOND = 100


class Patience:
    """All deadlines are monotonic; `timeout` 0 is none."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout or float("inf")
        self._since = time.monotonic()
        self._message_since: float | None = None  # None: none is under way
        self._received = 0  # octets of the message under way that still count
        self._is_swallowing = False  # it was refused and goes on coming

    def begin(self) -> None:
        """The client has done something: its time begins anew."""
        self._since = time.monotonic()

    def begin_message(self) -> None:
        self._message_since = time.monotonic()
        self._received = 0
        self._is_swallowing = False

    def end_message(self) -> None:
        self._message_since = None

    def came(self, octets: int) -> None:
        self._received += octets

    def swallow(self) -> None:
        """After a refusal the client has one time-out for the rest: nobody sends into the void."""
        if not self._is_swallowing:
            self._message_since = time.monotonic()
        self._is_swallowing = True
        self._received = 0

    @property
    def for_command(self) -> float:
        return min(self._since + self._timeout, self._for_message)

    @property
    def for_data(self) -> float:
        """No read may take longer than the time-out, nor the whole longer than its size allows."""
        return min(self.from_now, self._for_message)

    @property
    def _for_message(self) -> float:
        if self._message_since is None:
            return float("inf")
        return self._message_since + self._timeout + self._received / _OCTETS_PER_SECOND

    @property
    def from_now(self) -> float:
        return time.monotonic() + self._timeout
