"""Does the system allow as much as the settings promise to callers?  Asked once, at a start.

A limit that is met in the middle of a busy day costs callers a 421 each, and nobody knows why.
Every connection needs a process, and a descriptor here; so do deliveries and queue runs.

Touches: processes, disk.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pymta.config.settings import Settings

OTHER_FILES = 128  # listeners, logs, commands
OTHER_PROCESSES = 32  # the supervisor, queue runs, a validation; workers that are just leaving
CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup/unified"))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What there may be at once; None: as much as there is."""

    files: int | None
    processes: int | None


def shortfalls(settings: Settings, allowed: Allowed) -> tuple[str, ...]:
    """A line for each limit that is too low."""
    most = settings.limits.smtp_accept_max
    if not most:
        return ()  # who sets no limit has none in mind
    workers = most + settings.queue.deliver_max
    wanted = (
        (workers + OTHER_FILES, allowed.files, "open files (LimitNOFILE=, ulimit -n)"),
        (workers + OTHER_PROCESSES, allowed.processes, "processes (TasksMax=, ulimit -u)"),
    )
    return tuple(
        f"smtp_accept_max = {most} may take {number} {what}, and {limit} are allowed:"
        " callers may hear 421 before that many are served"
        for number, limit, what in wanted
        if limit is not None and limit < number
    )


def allowed() -> Allowed:
    """What this process and its children may have.  Root is bound by no limit of processes."""
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    per_user = [] if os.geteuid() == 0 or soft == resource.RLIM_INFINITY else [soft]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return Allowed(
        None if files == resource.RLIM_INFINITY else files,
        min((*per_user, *_of_cgroups()), default=None),
    )


def _of_cgroups() -> Iterator[int]:
    """pids.max of our control group and of those around it, in either hierarchy (cgroups(7))."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
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
