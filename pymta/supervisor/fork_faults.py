"""Sessions that cannot be born: tried again soon, and told rarely (CP-02, HC-02).

What keeps a process or its channel from being had often lasts, and a failed attempt costs more
than a refusal.  So when a second one fails nobody is forked for a moment, from a tenth of a second
to a whole one; who calls meanwhile and finds no free worker hears at once what the others heard.

The first failure is told when it happens.  The calls that are lost after it are counted, and told
with every fiftieth, and when a session can be born again.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.dataclass import dataclass
from pymta.journal.event import Kind
from pymta.supervisor.accept_faults import FLUSH_AT, Line, longer


@dataclass(frozen=True, slots=True)
class Fault:
    """`line` is for the log, under its `kind`, and `reply` for the caller."""

    line: str
    reply: str
    kind: Kind


def no_process(error: OSError) -> Fault:
    """CP-02"""
    text = f"daemon: accept process fork failed: {error.strerror}"
    return Fault(text, "421 Fork failed", Kind.FORK_FAILED)


def no_channel(error: OSError) -> Fault:
    """HC-02: without a descriptor more than the call itself nobody can be given it."""
    text = f"daemon: couldn't dup socket descriptor: {error.strerror}"
    return Fault(text, "421 Connection setup failed", Kind.ACCEPT_FAILED)


@dataclass(frozen=True, slots=True)
class Births:
    """`fault` is why the last session was not born, None when it was.  Nobody is forked `until`
    then, on the clock of the loop.  `untold` calls were lost since the last line.
    """

    fault: Fault | None = None
    until: float = 0.0
    pause: float = 0.0
    untold: int = 0

    def forbids(self, now: float) -> Fault | None:
        """Why nobody is to be forked now; None: go on."""
        return self.fault if now < self.until else None


def failed(births: Births, fault: Fault, now: float) -> tuple[Births, Line | None]:
    """Another attempt failed."""
    if births.fault != fault:
        return Births(fault), Line(fault.line, is_panic=True)
    pause = longer(births.pause)
    return refused(replace(births, until=now + pause, pause=pause))


def refused(births: Births) -> tuple[Births, Line | None]:
    """A call was lost to the fault that is known."""
    untold = births.untold + 1
    if untold < FLUSH_AT:
        return replace(births, untold=untold), None
    return replace(births, untold=0), _line(births.fault, untold, is_panic=True)


def succeeded(births: Births) -> tuple[Births, Line | None]:
    """A session was born."""
    return Births(), _line(births.fault, births.untold, is_panic=False)


def hopeful(births: Births) -> Births:
    """A child has ended, so the next attempt may well succeed: make it at once."""
    return replace(births, until=0.0)


def _line(fault: Fault | None, untold: int, *, is_panic: bool) -> Line | None:
    if fault is None or not untold:
        return None
    calls = "call" if untold == 1 else "calls"
    return Line(f"{fault.line} ({untold} more {calls})", is_panic)
