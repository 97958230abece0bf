"""Feed the watchdog of the service manager from the loop's own turn (WatchdogSec= of the unit).

It is fed at the start of a turn, when the turn before it is over, at half the time that the manager
allows; `pulse` says when it is not.  That is told in the log once, and in STATUS, because what
comes next is a SIGABRT.

Touches: sockets.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.journal import daemon_events
from pymta.supervisor.pulse import Pulse, Signs
from pymta.supervisor.workplace import Workplace

AGAIN = 1.0  # seconds at most between two looks at what is wrong


class Watchdog:
    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._interval = place.notify.watchdog
        self._next = 0.0  # the image before us has perhaps fed it long ago
        self._pulse = Pulse()

    def wait(self, now: float) -> float | None:
        """Seconds until it wants to be fed; None: there is none."""
        return max(0.0, self._next - now) if self._interval else None

    def feed(self, now: float, signs: Callable[[], Signs]) -> None:
        """Feed it when it is time and we are well."""
        if not self._interval or now < self._next:
            return
        self._pulse, why = self._pulse.feel(signs(), now)
        self._tell(why)
        is_fed = not why and self._place.notify.alive()
        self._next = now + (self._interval / 2 if is_fed else min(AGAIN, self._interval / 4))

    def _tell(self, why: str) -> None:
        before, self._place.ailment = self._place.ailment, why
        if why and not before:
            self._place.log.write(daemon_events.trouble(f"the watchdog is not fed: {why}"))
        elif before and not why:
            self._place.log.write(daemon_events.remark("the watchdog is fed again"))
