"""How often the processes of a daemon call into the kernel, counted by a real strace.

Touches: processes, disk, clock.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles.daemon import DEADLINE, Daemon, wait_until

_ROW = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.MULTILINE)
_SEIZED = re.compile(r"^TracerPid:\t([1-9]\d*)$", re.MULTILINE)


class Counted:
    """System calls by name; complete once the `with` is over."""

    def __init__(self) -> None:
        self.calls = Counter[str]()

    def per(self, units: int) -> dict[str, float]:
        """Calls for one unit, and all of them as "total"."""
        each = {name: number / units for name, number in self.calls.items()}
        return each | {"total": self.calls.total() / units}


@contextmanager
def counted(daemon: Daemon, report: Path) -> Iterator[Counted]:
    """What all processes of the daemon, also those forked meanwhile, call inside of the `with`.

    strace writes its table to `report`.
    """
    count = Counted()
    pids = daemon.family()
    options = [f"--attach={pid}" for pid in pids]
    with subprocess.Popen(
        ["strace", "-f", "-c", "-qq", f"--output={report}", *options], stdin=subprocess.DEVNULL
    ) as strace:
        try:
            for pid in pids:
                wait_until(lambda pid=pid: _is_seized(pid), f"strace has {pid}")  # type: ignore[misc]
            yield count
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(DEADLINE)
    count.calls.update(read_table(report))


def read_table(report: Path) -> dict[str, int]:
    """What strace has counted, by name."""
    rows = _ROW.findall(report.read_text())
    return {name: int(number) for number, name in rows if name != "total"}


def _is_seized(pid: int) -> bool:
    return bool(_SEIZED.search(Path(f"/proc/{pid}/status").read_text()))
