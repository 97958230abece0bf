"""The disk under the mail, the directories that must be written, and what waits too long."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pymta.config.duration import format_duration
from pymta.config.limits import Limits
from pymta.dataclass import dataclass
from pymta.doctor.configured import Mode
from pymta.doctor.finding import Finding, fault, note
from pymta.load.reading import Room
from pymta.session.space import log_shortage, spool_shortage

FORGETFUL = {"tmpfs", "ramfs"}
FAR = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "fuse.glusterfs"}
OVERDUE = 3600  # seconds behind its time, before we think that no run comes
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Disk:
    """`kind` is the type of the file system; `strays` are directories of it on another one."""

    path: str
    kind: str
    room: Room
    strays: tuple[str, ...] = ()
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """A file without a name was made in this directory; or `error` is the errno, and `why`."""

    path: str
    error: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`overdue` messages should have been tried OVERDUE seconds ago; the worst `by` so many.

    `last_run` is when a run over the whole queue last began, seconds since the epoch; 0: never.
    """

    messages: int = 0
    overdue: int = 0
    by: float = 0.0
    last_run: float = 0.0


@dataclass(frozen=True, slots=True)
class Storage:
    """`account` is the daemon's; `waiting` and `tried` None: only that account can see it."""

    account: str = "pymta"
    disks: tuple[Disk, ...] = ()
    modes: tuple[Mode, ...] = ()
    tried: tuple[Tried, ...] | None = ()
    waiting: Waiting | None = Waiting()
    trouble: str = ""


def findings(found: Storage, limits: Limits, now: float) -> Iterator[Finding]:
    short = [one for disk in found.disks for one in _room(disk, limits)]
    yield from short
    for disk in found.disks:
        yield from _kind(disk)
    for mode in found.modes:
        if mode.mode & 0o007:
            text = f"holds mail, and everybody may look into it (mode {mode.mode:o})"
            yield fault("mail-readable", mode.path, text, f"chmod o= {mode.path}")
    if found.trouble:
        yield fault("spool", "spool", found.trouble)
    if found.tried is None or found.waiting is None:
        text = f"only root and {found.account} can try what {found.account} may write"
        yield note("not-seen", "directories and queue", text, "run this as root")
        return
    for one in found.tried:
        if one.error and not (short and one.error in _FULL):
            text = f"cannot be written by {found.account}: {one.why}"
            yield fault("unwritable", one.path, text, _mend(one, found.account))
    yield from _late(found.waiting, now)


def _room(disk: Disk, limits: Limits) -> Iterator[Finding]:
    text = log_shortage(disk.room, limits) if disk.is_log else spool_shortage(disk.room, 0, limits)
    if text:
        kilobytes, inodes = disk.room.space // 1024, disk.room.inodes
        left = f"{kilobytes} kB" + ("" if inodes is None else f" and {inodes} inodes")
        name = "check_log_space" if disk.is_log else "check_spool_space"
        what = f"has {left} left, below {name} or its inodes: MAIL is answered 452"
        yield fault("disk-full", disk.path, what, "make room there")


def _kind(disk: Disk) -> Iterator[Finding]:
    if disk.is_log:
        return
    if disk.kind in FORGETFUL:
        text = f"lies on {disk.kind}, in memory: accepted mail is lost with the power"
        yield fault("forgetful-disk", disk.path, text, "put it on a disk")
    if disk.kind in FAR:
        text = f"lies on {disk.kind}: what another host does may be seen late, locks among it"
        yield note("far-disk", disk.path, text, "a spool is best on a disk of its own host")
    for stray in disk.strays:
        text = f"is on another file system than {disk.path}: no message can be moved there"
        yield fault("stray-disk", stray, text, f"keep all of {disk.path} on one file system")


def _mend(tried: Tried, account: str) -> str:
    if tried.error == errno.EROFS:
        return "mount it for writing; in a unit look for ReadOnlyPaths="
    if tried.error == errno.ENOENT:
        return "systemctl restart pymta.service, which makes it"
    return f"chown {account}: {tried.path}, and see who else may enter the directories above"


def _late(waiting: Waiting, now: float) -> Iterator[Finding]:
    if not waiting.overdue:
        return
    count = f"{waiting.overdue} of {waiting.messages} messages"
    ago = f"{format_duration(int(now - waiting.last_run))} ago" if waiting.last_run else "never"
    text = (
        f"{count} should have been tried up to {format_duration(int(waiting.by))} ago;"
        f" the last run over the whole queue began {ago}"
    )
    yield fault("queue-late", "queue", text, "pymta queue run; then see why no timer does it")
