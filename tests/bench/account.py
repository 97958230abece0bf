"""The CPU time of a server with everything that it starts, also of what has ended meanwhile.

A control group tells it to the microsecond; v2 does so on every machine that has it, whoever has
the controllers.  Without one it is the sum of what /proc says of each process and of its children
that were waited for, in ticks of 10 ms.

Touches: cgroups, processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles import cgroups
from tests.doubles.cgroups import Cgroups

_TICKS = os.sysconf("SC_CLK_TCK")
# utime, stime, cutime and cstime of proc_pid_stat(5), counted behind the name of the program.
_TIMES = slice(11, 15)


class Account:
    """One that is empty."""

    def __init__(self) -> None:
        self._group = Cgroups() if cgroups.why_impossible() is None else None

    @property
    def kind(self) -> str:
        return "cgroup v2" if self._group else "/proc"

    def prefix(self) -> list[str]:
        """Goes before a command whose time is to count."""
        if not self._group:
            return []
        join = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
        return ["sh", "-ec", join, str(self._group.directories[0])]

    def seconds(self, pids: Iterable[int]) -> float:
        """`pids` are the processes that live now: without a control group they are asked."""
        if self._group:
            stat = self._group.directories[0].joinpath("cpu.stat").read_text()
            return int(stat.split()[1]) / 1e6
        return sum(map(_ticks, pids)) / _TICKS

    @contextmanager
    def entrance(self) -> Iterator[int]:
        """A descriptor: who writes "0" to it is counted from then on.  -1 when nobody need."""
        if not self._group:
            yield -1
            return
        group = os.open(self._group.directories[0] / "cgroup.procs", os.O_WRONLY)
        try:
            yield group
        finally:
            os.close(group)

    def close(self) -> None:
        if self._group:
            self._group.remove()


def _ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has ended, and its parent has its time
        return 0
    return sum(map(int, stat.rpartition(")")[2].split()[_TIMES]))
