"""A control group of its own for each box, in every hierarchy that the box sees.

Usually that is one hierarchy, v2.  Where the machine keeps the controllers in hierarchies of their
own (v1), a box that is to enforce TasksMax= needs them beside v2, and all of them: systemd mounts
whatever controllers the kernel has, and would else build in the machine's own groups.

Touches: cgroups, disk, clock.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PREFIX = "pymta-box."
# Of the parent's; a v1 group can hold no process before it has both.
CPUSET = ("cpuset.cpus", "cpuset.mems")


class Cgroups:
    """Made empty; whoever is to live in them writes itself into each of `directories`."""

    def __init__(self, controllers: tuple[str, ...] = ()) -> None:
        """`controllers` are those of v1: none, or what `for_limits` says."""
        name = f"{PREFIX}{os.getpid()}.{uuid.uuid4().hex[:8]}"
        self.directories: list[Path] = []
        for parent in map(_ours, ("", *controllers)):
            sweep(parent)
            _make(parent / name)
            self.directories.append(parent / name)

    def remove(self) -> None:
        """Their processes are dying; the kernel lets go of a group when the last has gone."""
        deadline = time.monotonic() + 5
        for directory in self.directories:
            _remove(directory, deadline)


def why_impossible() -> str | None:
    mount = _mount("")
    if mount is None:
        return "no cgroup2 file system is mounted"
    if not os.access(mount, os.W_OK) or os.statvfs(mount).f_flag & os.ST_RDONLY:
        return "the cgroup2 file system is read-only"
    return None


def for_limits() -> tuple[str, ...]:
    """The v1 controllers a box needs for its systemd to enforce TasksMax=; none where v2 has it."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    names = [line.split(":")[1].split(",")[0] for line in lines]
    return tuple(name for name in names if name and _mount(name)) if _mount("pids") else ()


def sweep(parent: Path) -> None:
    """Remove groups of makers that were killed."""
    for left in parent.glob(PREFIX + "*"):
        if not Path("/proc", left.name.split(".")[1]).exists():
            _remove(left, time.monotonic())


def _make(cgroup: Path) -> None:
    cgroup.mkdir()
    for name in CPUSET:
        if (cgroup / name).exists():
            (cgroup / name).write_text((cgroup.parent / name).read_text())


def _ours(controller: str) -> Path:
    """The group in which this process is; `controller` "" is the v2 hierarchy."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return (_mount(controller) or Path("/")) / path.lstrip("/")
    raise FileNotFoundError(f"this process is in no hierarchy of {controller or 'cgroup v2'}")


def _mount(controller: str) -> Path | None:
    return next((place for place, names in _mounts() if controller in names), None)


def _mounts() -> Iterator[tuple[Path, list[str]]]:
    """Where each hierarchy is mounted, and its controllers; that of v2 has the name ""."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            yield Path(place), [""]
        elif kind == "cgroup":
            yield Path(place), options.split(",")


def _remove(cgroup: Path, deadline: float) -> None:
    while cgroup.exists():
        for directory, _, _ in os.walk(cgroup, topdown=False):
            with suppress(OSError):
                Path(directory).rmdir()
        if time.monotonic() >= deadline:
            return
        time.sleep(0.01)
