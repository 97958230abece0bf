"""May this be tried now?  The scheduler's answer as a value, with its reasons.

    Go                          now
    Wait(until, because)        not before `until` (0: nobody knows), for these reasons

Whoever schedules acts on the first word of it: the queue run before it gives a message to a worker,
the worker before it asks a host.  Whoever explains, such as `pymta queue why`, prints the reasons.
"""

from __future__ import annotations

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class NotDue:
    """The recipient's own time has not come; `why` is what put him off."""

    until: float
    recipient: str = ""
    why: str = ""

    def __str__(self) -> str:
        return f"put off: {self.why}" if self.why else "its time has not come"


@dataclass(frozen=True, slots=True)
class HostInRetry:
    """The host failed, and is left alone for a while; `rule` says whose schedule that is."""

    until: float
    host: str
    since: float
    why: str = ""
    rule: str = ""
    is_expired: bool = False

    def __str__(self) -> str:
        past = ", past the end of its schedule" if self.is_expired else ""
        rule = f" (rule {self.rule}{past})" if self.rule else past
        return f"host {self.host} in retry{rule}: {self.why}"


@dataclass(frozen=True, slots=True)
class Crowded:
    """So many deliveries go to this domain, or host, as may go at once."""

    until: float
    name: str
    most: int

    def __str__(self) -> str:
        return f"{self.most} of {self.most} deliveries at once to {self.name}"


@dataclass(frozen=True, slots=True)
class TooFast:
    """Its rate is used up."""

    until: float
    name: str
    rate: str

    def __str__(self) -> str:
        return f"rate of {self.rate} to {self.name} is reached"


@dataclass(frozen=True, slots=True)
class IsFrozen:
    """Nobody tries until an operator says so."""

    why: str
    since: float = 0.0
    until: float = 0.0

    def __str__(self) -> str:
        return f"frozen: {self.why}"


@dataclass(frozen=True, slots=True)
class IsHeld:
    """An operator keeps it back."""

    by: str = ""
    why: str = ""
    until: float = 0.0

    def __str__(self) -> str:
        return (
            "held" + (f" by {self.by}" if self.by else "") + (f": {self.why}" if self.why else "")
        )


@dataclass(frozen=True, slots=True)
class NoRoute:
    """Nobody could say where it goes."""

    why: str
    until: float = 0.0

    def __str__(self) -> str:
        return f"no route yet: {self.why}"


Reason = NotDue | HostInRetry | Crowded | TooFast | IsFrozen | IsHeld | NoRoute


@dataclass(frozen=True, slots=True)
class Go:
    """Now."""


@dataclass(frozen=True, slots=True)
class Wait:
    until: float
    because: tuple[Reason, ...]


Answer = Go | Wait
GO = Go()
