"""A disk in memory that forgets, in a power cut, what was not synced.

Names and contents are kept twice: as processes see them, and as they are on the platter.  `sync`
of a file puts its content there, `sync` of a directory every change of its names.  Between syncs
a power cut may keep any of the changes or none: whoever counts on an order that no sync has made
is found out.  A rename is one change, as on every journalling file system.

`stop` is kill -9: descriptors and locks go, everything written stays.

Touches: no disk but its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pymta.load.reading import Room
from pymta.spool.disk import Disk, Facts


@dataclass(eq=False, repr=False)
class Inode:
    number: int
    is_directory: bool
    data: bytearray = field(default_factory=bytearray)
    on_platter: bytes = b""
    names: dict[str, Inode] = field(default_factory=dict)
    names_on_platter: dict[str, Inode] = field(default_factory=dict)
    modified: float = 0.0
    changed: float = 0.0
    locked_by: int | None = None


@dataclass(repr=False)
class Change:
    """Names that one call changed together; None: taken away."""

    names: list[tuple[Inode, str, Inode | None]]

    def reach_platter(self) -> None:
        for directory, name, inode in self.names:
            if inode is None:
                directory.names_on_platter.pop(name, None)
            else:
                directory.names_on_platter[name] = inode


class MemoryDisk(Disk):
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._count = 0
        self._root = self._inode(is_directory=True)
        self._open_files: dict[int, Inode] = {}
        self._next_fd = 1000
        self._changes: list[Change] = []

    # What is done to it

    def stop(self) -> None:
        """Every process is killed."""
        for inode in self._open_files.values():
            inode.locked_by = None
        self._open_files.clear()

    def cut_power(self, keeps: Callable[[], bool]) -> None:
        """Every process is gone; each change that was not synced stays if `keeps()`."""
        self.stop()
        for change in self._changes:
            if keeps():
                change.reach_platter()
        self._changes.clear()
        self._forget(self._root, keeps, set())

    def tree(self) -> dict[str, bytes]:
        """Path to content, of all files."""
        return dict(self._walk(self._root, PurePosixPath("/")))

    def everything(self) -> tuple[list[str], dict[str, bytes]]:
        """Paths of all directories, those above first, and path to content of all files."""
        return self._directories(self._root, PurePosixPath("/")), self.tree()

    def open_files(self) -> int:
        """How many descriptors of files are open, directories left out."""
        return sum(not inode.is_directory for inode in self._open_files.values())

    def put(self, path: str, data: bytes) -> None:
        """Change a file behind everybody's back."""
        inode = self._find(path)
        inode.data = bytearray(data)
        inode.on_platter = data

    # Disk

    def make_directory(self, path: str) -> None:
        parent = self._find(str(PurePosixPath(path).parent))
        self._add(parent, PurePosixPath(path).name, self._inode(is_directory=True))

    def open_directory(self, path: str, *, follow: bool) -> int:  # noqa: ARG002 - no links here
        inode = self._find(path)
        if not inode.is_directory:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return self._opened(inode)

    def create(self, at: int, name: str) -> int:
        inode = self._inode(is_directory=False)
        self._add(self._file(at), name, inode)
        return self._opened(inode)

    def open(self, at: int, name: str) -> int:
        return self._opened(self._named(at, name))

    def open_to_append(self, at: int, name: str) -> int:
        return self._opened(self._named(at, name))

    def read(self, fd: int, count: int, offset: int) -> bytes:
        return bytes(self._file(fd).data[offset : offset + count])

    def write(self, fd: int, data: bytes) -> None:
        inode = self._file(fd)
        inode.data += data
        inode.modified = inode.changed = self._clock()

    def cut(self, fd: int, length: int) -> None:
        inode = self._file(fd)
        del inode.data[length:]
        inode.modified = inode.changed = self._clock()

    def set_time(self, fd: int, seconds: float) -> None:
        self._file(fd).modified = seconds

    def sync(self, fd: int) -> None:
        inode = self._file(fd)
        inode.on_platter = bytes(inode.data)
        for change in [c for c in self._changes if any(d is inode for d, _, _ in c.names)]:
            change.reach_platter()
            self._changes.remove(change)

    def lock(self, fd: int) -> bool:
        inode = self._file(fd)
        if inode.locked_by not in {None, fd}:
            return False
        inode.locked_by = fd
        return True

    def is_locked(self, at: int, name: str) -> bool:
        return self._named(at, name).locked_by is not None

    def facts(self, fd: int) -> Facts:
        return _facts(self._file(fd))

    def is_writable(self, at: int) -> bool:
        return self._file(at).is_directory

    def look(self, at: int, name: str) -> Facts | None:
        inode = self._file(at).names.get(name)
        return None if inode is None else _facts(inode)

    def stamp(self, at: int, name: str) -> list[int] | None:
        found = self.look(at, name)
        return [found.size, int(found.changed * 1e9)] if found else None

    def inode(self, path: str, at: int | None = None) -> tuple[int, int] | None:
        try:
            found = self._find(path) if at is None else self._named(at, path)
            return _facts(found).inode
        except FileNotFoundError:
            return None

    def link(self, at: int, name: str, to: int, new: str) -> None:
        self._add(self._file(to), new, self._named(at, name))

    def rename(self, at: int, name: str, to: int, new: str) -> None:
        inode = self._named(at, name)
        self._apply(Change([(self._file(at), name, None), (self._file(to), new, inode)]))

    def unlink(self, at: int, name: str) -> None:
        self._named(at, name)
        self._apply(Change([(self._file(at), name, None)]))

    def version(self, at: int) -> None:
        assert self._file(at).is_directory

    def room(self, at: int) -> Room:
        self._file(at)
        return Room(1 << 40)

    def names(self, at: int) -> list[str]:
        return list(self._file(at).names)

    def close(self, fd: int) -> None:
        inode = self._file(fd)
        if inode.locked_by == fd:
            inode.locked_by = None
        del self._open_files[fd]

    # Inside

    def _inode(self, *, is_directory: bool) -> Inode:
        self._count += 1
        now = self._clock()
        return Inode(self._count, is_directory, modified=now, changed=now)

    def _find(self, path: str) -> Inode:
        inode = self._root
        for part in PurePosixPath(path).parts[1:]:
            if part not in inode.names:
                raise _no_such(path)
            inode = inode.names[part]
        return inode

    def _named(self, at: int, name: str) -> Inode:
        inode = self._file(at).names.get(name)
        if inode is None:
            raise _no_such(name)
        return inode

    def _file(self, fd: int) -> Inode:
        if fd not in self._open_files:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._open_files[fd]

    def _opened(self, inode: Inode) -> int:
        self._next_fd += 1  # never the same number twice: a stale one is always noticed
        self._open_files[self._next_fd] = inode
        return self._next_fd

    def _add(self, directory: Inode, name: str, inode: Inode) -> None:
        if name in directory.names:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        self._apply(Change([(directory, name, inode)]))

    def _apply(self, change: Change) -> None:
        for directory, name, inode in change.names:
            if inode is None:
                del directory.names[name]
            else:
                directory.names[name] = inode
                inode.changed = self._clock()
        self._changes.append(change)

    def _forget(self, inode: Inode, keeps: Callable[[], bool], seen: set[int]) -> None:
        if inode.number in seen:
            return
        seen.add(inode.number)
        inode.names = dict(inode.names_on_platter)
        if inode.data != inode.on_platter and not keeps():
            # What was not synced may be there in part, or as a hole full of zeros.
            added = max(0, len(inode.data) - len(inode.on_platter))
            whole = keeps()
            start = inode.on_platter if len(inode.data) >= len(inode.on_platter) else b""
            torn = bytes(inode.data[len(start) : len(start) + added // 2])
            inode.data = bytearray(start + (torn if whole else bytes(len(torn))))
            inode.modified = self._clock()
        inode.on_platter = bytes(inode.data)
        for child in inode.names.values():
            self._forget(child, keeps, seen)

    def _directories(self, inode: Inode, path: PurePosixPath) -> list[str]:
        found = []
        for name, child in sorted(inode.names.items()):
            if child.is_directory:
                found += [str(path / name), *self._directories(child, path / name)]
        return found

    def _walk(self, inode: Inode, path: PurePosixPath) -> list[tuple[str, bytes]]:
        found = []
        for name, child in sorted(inode.names.items()):
            if child.is_directory:
                found += self._walk(child, path / name)
            else:
                found.append((str(path / name), bytes(child.data)))
        return found


def _facts(inode: Inode) -> Facts:
    return Facts(
        inode=(0, inode.number),
        size=len(inode.data),
        modified=inode.modified,
        changed=inode.changed,
        is_regular=not inode.is_directory,
    )


def _no_such(name: str) -> OSError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
