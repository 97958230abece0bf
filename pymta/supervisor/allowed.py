"""How many descriptors and processes the system allows; what `enough` judges.

Touches: processes, disk.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from pymta.supervisor.enough import Allowed

CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup/unified"))


def allowed() -> Allowed:
    """What this process and its children may have.  Root is bound by no limit of processes."""
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    per_user = [] if os.geteuid() == 0 or soft == resource.RLIM_INFINITY else [soft]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Allowed(
        None if files == resource.RLIM_INFINITY else files,
        min((*per_user, *limits_of_groups("self")), default=None),
    )


def limits_of_groups(process: str) -> Iterator[int]:
    """pids.max of its control group and of those around it, in either hierarchy (cgroups(7))."""
    try:
        lines = Path("/proc", process, "cgroup").read_text().splitlines()
    except OSError:
        return
    groups = {Path(line.split(":", 2)[2].lstrip("/")) for line in lines if line.count(":") >= 2}
    for root in CGROUPS:
        for group in groups:
            for directory in (group, *group.parents):
                yield from _limit_in(root / directory / "pids.max")


def _limit_in(file: Path) -> Iterator[int]:
    try:
        text = file.read_text().strip()
    except OSError:
        return
    if text.isdigit():
        yield int(text)
