"""Where it is measured: what a reader wants to know of the machine.

Touches: disk.
"""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.rows import Machine


def machine(work: Path, account: str, versions: Mapping[str, str]) -> Machine:
    """`work` lies where the queues do, `account` says by what CPU time is counted."""
    return Machine(
        date=time.strftime("%Y-%m-%d"),
        kernel=platform.release(),
        processors=f"{len(os.sched_getaffinity(0))} x {_model()}",
        file_system=_file_system(work),
        python=_output("/usr/bin/python3", "--version"),
        account=account,
        versions=versions,
    )


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(directory: Path) -> str:
    return _output("findmnt", "-n", "-o", "FSTYPE", "--target", str(directory))


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
