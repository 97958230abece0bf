"""Readings of how busy the machine is, and how full; and whether one is above a limit.

The load average counts what runs or waits; what is much depends on the machine.  The pressure of a
resource (PSI, Documentation/accounting/psi.rst of Linux) is the share of the last ten seconds in
which somebody had to wait for it, in percent: it means the same on every machine.

What cannot be read is above no limit: a rule that nobody can check must not keep mail out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pymta.config.immediate import Immediate
from pymta.config.limits import Limits
from pymta.config.queue import Queue
from pymta.config.units import RESOURCES
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """One-minute load average, and pressure (percent, some avg10) of each resource.

    A reading, where None is not known; or a limit, where None is no limit.
    """

    average: float | None = None
    cpu: float | None = None
    memory: float | None = None
    io: float | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What is free on a file system: bytes, and inodes where it counts them."""

    space: int
    inodes: int | None = None


NOTHING = Load()
AVERAGE = "load average"
_WORDS = {"average": AVERAGE} | {name: f"pressure {name}" for name in RESOURCES}


@dataclass(frozen=True, slots=True)
class Excess:
    """What is above its limit, in the words of the log: "load average", "pressure cpu"."""

    what: str
    value: float


def reserve(limits: Limits) -> Load:
    """The limit for callers that have no reserved place (LM-02, LM-08)."""
    return _limit(limits.smtp_load_reserve, limits.smtp_pressure_reserve)


def queue_only(immediate: Immediate) -> Load:
    """The limit for deliveries at once (ID-01)."""
    return _limit(immediate.queue_only_load, immediate.queue_only_pressure)


def queue_run(queue: Queue) -> Load:
    """The limit for going on with a queue run."""
    return _limit(queue.deliver_queue_load_max, None)


def either(first: Load, second: Load) -> Load:
    """A limit for all that one of the two has a limit for."""
    limits = {name: (getattr(first, name), getattr(second, name)) for name in _WORDS}
    return Load(**{name: a if a is not None else b for name, (a, b) in limits.items()})


def excess(load: Load, limit: Load) -> Excess | None:
    """The first value above its limit.

    Strictly above, so that a limit of 0 holds on every machine that is not idle (LM-02).
    """
    if limit is NOTHING or load is NOTHING:  # the usual case
        return None
    for name, words in _WORDS.items():
        value, most = getattr(load, name), getattr(limit, name)
        if value is not None and most is not None and value > most:
            return Excess(words, value)
    return None


def unknown(load: Load, limit: Load) -> tuple[str, ...]:
    """What has a limit and cannot be read, in the words of the log."""
    return tuple(
        words
        for name, words in _WORDS.items()
        if getattr(limit, name) is not None and getattr(load, name) is None
    )


def parse_average(text: str) -> float | None:
    """The first figure of /proc/loadavg; None when this is none (proc(5))."""
    return _figure(text.partition(" ")[0])


def parse_pressure(text: str) -> float | None:
    """``some avg10=0.22 avg60=…``: how long at least one task had to wait."""
    for line in text.splitlines():
        kind, _, figures = line.partition(" ")
        if kind == "some":
            found = dict(figure.partition("=")[::2] for figure in figures.split())
            return _figure(found.get("avg10", ""))
    return None


def as_word(load: Load) -> str:
    """A reading without blanks, for a channel: ``average=0.52,cpu=12.34``, or ``-``."""
    if load is NOTHING:
        return "-"
    known = ((name, getattr(load, name)) for name in _WORDS)
    return ",".join(f"{name}={value!r}" for name, value in known if value is not None) or "-"


def from_word(word: str) -> Load:
    """Raises ValueError when it is not what `as_word` makes."""
    if word == "-":
        return NOTHING
    figures = dict(figure.partition("=")[::2] for figure in word.split(","))
    if unknown := figures.keys() - _WORDS.keys():
        raise ValueError(f"not a reading: {min(unknown)}")
    return Load(**{name: float(value) for name, value in figures.items()})


def _limit(average: float | None, pressure: Mapping[str, float] | None) -> Load:
    if average is None and not pressure:
        return NOTHING
    return Load(average=average, **(pressure or {}))


def _figure(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
