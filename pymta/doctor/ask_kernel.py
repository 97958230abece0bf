"""What the kernel says of the running daemon, and of who has a port.

Touches: disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pymta.doctor.process import READ_ONLY, Process
from pymta.supervisor.allowed import limits_of_groups
from pymta.supervisor.enough import Allowed

_ACCEPTS = 1 << 16  # __SO_ACCEPTCON of linux/net.h
_LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp
_ROOT = 0


def ask_process(pid: int) -> Process | None:
    """None when there is none of that number."""
    status = read_status(_text(pid, "status"))
    if not status:
        return None
    groups = tuple(limits_of_groups(str(pid)))
    limits = read_limits(_text(pid, "limits"))
    per_user = [] if status.get("Uid", "0").split()[0] == "0" else [limits.get("processes")]
    known = [number for number in (*per_user, *groups) if number is not None]
    score = _text(pid, "oom_score_adj").strip()
    mounts = _text(pid, "mountinfo")
    return Process(
        pid,
        status,
        Allowed(limits.get("open files"), min(known, default=None)),
        has_task_limit=bool(groups) or not _may_have_groups(pid),
        writable=tuple(p for p in READ_ONLY if is_writable(p, mounts)) if mounts else None,
        oom_score_adj=int(score) if score else None,
    )


def read_status(text: str) -> Mapping[str, str]:
    """The lines of /proc/PID/status by name."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def read_limits(text: str) -> Mapping[str, int | None]:
    """Soft limits of /proc/PID/limits: "open files", "processes", …; None is no limit."""
    found: dict[str, int | None] = {}
    for line in text.splitlines():
        words = line.removeprefix("Max ").split("  ")
        soft = next((word.strip() for word in words[1:] if word.strip()), "")
        if soft.isdigit() or soft == "unlimited":
            found[words[0]] = int(soft) if soft.isdigit() else None
    return found


def is_writable(path: str, mounts: str) -> bool:
    """By the mount that it lies on; `mounts` is /proc/PID/mountinfo (proc(5))."""
    options = ""
    longest = -1
    for line in mounts.splitlines():
        words = line.split()
        place = words[4].rstrip("/")
        if (path == place or path.startswith(f"{place}/")) and len(place) >= longest:
            longest, options = len(place), words[5]  # the last one there is on top
    return "ro" not in options.split(",")


def file_system_of(path: str) -> str:
    """The type of the file system that a directory lies on, "" when nobody knows."""
    device = os.stat(path).st_dev  # noqa: PTH116 - one system call
    wanted = f"{os.major(device)}:{os.minor(device)}"
    kinds = [
        line.partition(" - ")[2].split()[0]
        for line in _text("self", "mountinfo").splitlines()
        if line.split()[2] == wanted
    ]
    return kinds[-1] if kinds else ""


def who_listens(port: int) -> str:
    """The program that listens on this TCP port, as "NAME, process PID"; "" when nobody does.

    Whose socket it is only root can see, and the owner: to others there is nobody.
    """
    inodes = {
        inode for name in ("net/tcp", "net/tcp6") for inode in listening(_text("self", name), port)
    }
    if not inodes:
        return ""
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - names only
        if inodes & set(_sockets_of(pid)):
            return f"{_text(pid, 'comm').strip()}, process {pid}"
    return "another program" if os.geteuid() == 0 else ""


def is_listening(path: str) -> bool:
    """Is there a socket of this name in the file system to which one can connect?"""
    return path in listening_in(_text("self", "net/unix"))


def listening_in(table: str) -> Iterator[str]:
    """Names of the sockets in /proc/net/unix that listen."""
    for line in table.splitlines()[1:]:
        words = line.split(maxsplit=7)
        if len(words) == 8 and int(words[3], 16) & _ACCEPTS:
            yield words[7]


def listening(table: str, port: int) -> Iterator[str]:
    """Inodes of the sockets in /proc/net/tcp or tcp6 that listen on a port."""
    for line in table.splitlines()[1:]:
        words = line.split()
        if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
            yield words[9]


def _sockets_of(pid: str) -> Iterator[str]:
    with suppress(OSError):  # it has ended, or is not ours to look at
        for fd in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - names only
            with suppress(OSError):
                name = os.readlink(f"/proc/{pid}/fd/{fd}")  # noqa: PTH115 - one system call
                if name.startswith("socket:["):
                    yield name[len("socket:[") : -1]


def _may_have_groups(pid: int) -> bool:
    """Is it in a group below the root of a hierarchy?  There it could have a limit."""
    lines = _text(pid, "cgroup").splitlines()
    return any(line.rpartition(":")[2] != "/" for line in lines)


def _text(pid: int | str, name: str) -> str:
    try:
        return Path(f"/proc/{pid}", name).read_text(errors="replace")
    except OSError:
        return ""
