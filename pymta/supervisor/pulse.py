"""Do we do our work, as far as a restart could mend it?  Then the watchdog is fed.

A loop that stands still feeds nobody, and needs no judgement.  What is judged here is a loop that
turns and yet does not serve: it cannot wait for anything, it does not wait for callers, it takes
none of those who call, or its queue clock stands.  A restart cures that, and cuts every session.

So nothing else counts.  A full descriptor table, a process limit, a disk that hangs, a queue that
grows old, callers who are all turned away: a restart cures none of them, and would end mail that is
under way.  They are in STATUS and in the log.  Listeners that are left alone for a moment after a
shortage (AE-04) are, for that moment, well.
"""

from __future__ import annotations

from pymta.dataclass import dataclass

PATIENCE = 10.0  # seconds; the loop comes late to its work on a busy machine, but not so late


@dataclass(frozen=True, slots=True)
class Signs:
    """What is to be seen at the start of a turn, when the turn before it is over.

    `wait_failed` is why the last wait for events told nothing, "" when it did.  `listens`: calls
    are to be taken, so not while we stop.  `watches`: each listener is waited for.  `pause_ends` is
    when listeners that were left alone are to be watched again, 0 for none.  `callers` wait at
    listeners, and `attempts` is how often we have tried to take one, in all.  `clock_late` is by
    how many seconds the queue clock has missed its time.
    """

    wait_failed: str = ""
    listens: bool = True
    watches: bool = True
    pause_ends: float = 0.0
    callers: int = 0
    attempts: int = 0
    clock_late: float = 0.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What was felt the last time.  Callers wait `since` then, and nobody has tried to take one.

    Times are on the clock of the loop.
    """

    attempts: int = 0
    since: float | None = None

    def feel(self, signs: Signs, now: float) -> tuple[Pulse, str]:
        """The pulse now, and why we are not well; "" when we are."""
        pulse = Pulse(signs.attempts, self._unheard_since(signs, now))
        if signs.wait_failed:
            return pulse, f"the loop cannot wait for anything: {signs.wait_failed}"
        if signs.clock_late > PATIENCE:
            return pulse, f"the queue clock is {signs.clock_late:.0f} s late"
        return pulse, _deafness(signs, now) or pulse._silence(now)

    def _unheard_since(self, signs: Signs, now: float) -> float | None:
        """Who has come since the last look is nobody's fault yet."""
        if not (signs.listens and signs.callers) or signs.attempts != self.attempts:
            return None
        return now if self.since is None else self.since

    def _silence(self, now: float) -> str:
        waited = 0.0 if self.since is None else now - self.since
        return f"callers wait, and none was taken for {waited:.0f} s" if waited > PATIENCE else ""


def _deafness(signs: Signs, now: float) -> str:
    if not signs.listens or signs.watches:
        return ""
    if not signs.pause_ends:
        return "nobody waits for callers"
    late = now - signs.pause_ends
    return f"a pause in accepting calls is {late:.0f} s too long" if late > PATIENCE else ""
