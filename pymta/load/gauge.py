"""Take a reading, of what has a limit and of nothing else: where no limit is set it costs nothing.

The load average comes from getloadavg(3), the pressure from /proc/pressure.  Units of ours hide
that (ProcSubset=pid), as they hide /proc/loadavg, which getloadavg does not need; then it comes
from the top of the control groups, which is the whole machine too, or in a container just that.
`load_average_file` and `pressure_directory` take the place of all these.

A read of the load neither waits nor raises: what cannot be read is None.

Touches: disk.
"""

from __future__ import annotations

import os

from pymta.config.limits import Limits
from pymta.config.settings import Settings
from pymta.config.units import RESOURCES
from pymta.load.reading import (
    AVERAGE,
    NOTHING,
    Load,
    parse_average,
    parse_pressure,
    queue_only,
    queue_run,
    reserve,
    unknown,
)

# Where the unified hierarchy of control groups is mounted, alone or beside the old ones.
_PRESSURE = ("/proc/pressure", "/sys/fs/cgroup", "/sys/fs/cgroup/unified")
_ENOUGH = 4096  # octets; the files are much smaller
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO does not keep us waiting


class Gauge:
    """Reads what `limit` has limits for, from the places that `where` names."""

    def __init__(self, limit: Load, where: Limits) -> None:
        self._needs_average = limit.average is not None
        self._resources = tuple(name for name in RESOURCES if getattr(limit, name) is not None)
        self._average_file = where.load_average_file
        directory = where.pressure_directory
        self._directories = (directory,) if directory else _PRESSURE

    def read(self) -> Load:
        if not (self._needs_average or self._resources):
            return NOTHING
        return Load(
            self._average() if self._needs_average else None,
            **{name: self._pressure(name) for name in self._resources},
        )

    def _average(self) -> float | None:
        if self._average_file:
            return parse_average(_text(self._average_file))
        try:
            return os.getloadavg()[0]
        except OSError:
            return None

    def _pressure(self, resource: str) -> float | None:
        """The files have the names of /proc/pressure or those of a control group."""
        for directory in self._directories:
            for name in (resource, f"{resource}.pressure"):
                found = parse_pressure(_text(f"{directory}/{name}"))
                if found is not None:
                    return found
        return None


def blind(settings: Settings) -> tuple[str, ...]:
    """Lines for the log about limits that never hold, because nobody can read what they limit."""
    limits = {
        ("smtp_load_reserve", "smtp_pressure_reserve"): reserve(settings.limits),
        ("queue_only_load", "queue_only_pressure"): queue_only(settings.immediate),
        ("deliver_queue_load_max", ""): queue_run(settings.queue),
    }
    return tuple(
        f"{keys[words != AVERAGE]} has no effect: {words} cannot be read here"
        for keys, limit in limits.items()
        for words in unknown(Gauge(limit, settings.limits).read(), limit)
    )


def _text(path: str) -> str:
    try:
        fd = os.open(path, _FLAGS)
    except OSError:
        return ""
    try:
        return os.read(fd, _ENOUGH).decode("ascii", "replace")
    except OSError:  # the kernel was told not to account for pressure
        return ""
    finally:
        os.close(fd)
