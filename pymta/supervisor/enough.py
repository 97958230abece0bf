"""Does the system allow as much as the settings promise to callers?  Asked at a start.

A limit that is met in the middle of a busy day costs callers a 421 each, and nobody knows why.
Every connection, those of users of this machine too, needs a process, and a descriptor here; so do
deliveries and queue runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.settings import Settings
from pymta.dataclass import dataclass

OTHER_FILES = 128  # listeners, logs, commands
OTHER_PROCESSES = 32  # the supervisor, queue runs, a validation; workers that are just leaving


@dataclass(frozen=True, slots=True)
class Allowed:
    """What there may be at once; None: as much as there is."""

    files: int | None
    processes: int | None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A limit that is too low: the `setting` of a unit that it is, and what that should be."""

    setting: str
    wanted: int
    text: str


def missing(settings: Settings, allowed: Allowed) -> Iterator[Shortfall]:
    most = settings.limits.smtp_accept_max
    if not most:
        return  # who sets no limit has none in mind
    workers = most + settings.limits.local_accept_max + settings.queue.deliver_max
    for setting, wanted, limit, what, in_shell in (
        ("LimitNOFILE=", workers + OTHER_FILES, allowed.files, "open files", "ulimit -n"),
        ("TasksMax=", workers + OTHER_PROCESSES, allowed.processes, "processes", "ulimit -u"),
    ):
        if limit is None or limit >= wanted:
            continue
        yield Shortfall(
            setting,
            wanted,
            f"smtp_accept_max = {most} may take {wanted} {what} ({setting}, {in_shell}), and"
            f" {limit} are allowed: callers may hear 421 before that many are served",
        )


def shortfalls(settings: Settings, allowed: Allowed) -> tuple[str, ...]:
    """A line for each limit that is too low."""
    return tuple(short.text for short in missing(settings, allowed))
