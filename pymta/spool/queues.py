"""The directories that hold messages: queue/ for the default queue, queue.NAME/ for a named one.

A message is in one of them, for good, so whoever knows only its id looks through them one after
another.  They stay open once they have been seen; which others there are is asked of the disk when
those do not have the answer, because any process may make a new one.

Touches: disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pymta.mail.envelope import DEFAULT_QUEUE, is_queue_name
from pymta.spool.disk import Disk
from pymta.spool.paths import NAMED_QUEUE

_T = TypeVar("_T")


class Queues:
    """`directory` is the spool's, `top` and `default` are descriptors of it and of queue/."""

    def __init__(self, disk: Disk, directory: Path, top: int, default: int) -> None:
        self._disk = disk
        self._directory = directory
        self._top = top
        self._open = {DEFAULT_QUEUE: default}
        self._synced = {DEFAULT_QUEUE}
        self._removed: list[int] = []
        self._version: int | None = None  # of the spool's directory, when it was looked through

    def names(self) -> tuple[str, ...]:
        """All queues there are, the default one first."""
        found = (
            name.removeprefix(NAMED_QUEUE)
            for name in self._disk.names(self._top)
            if name.startswith(NAMED_QUEUE)
        )
        named = (name for name in sorted(found) if is_queue_name(name))
        return (DEFAULT_QUEUE, *(name for name in named if self.get(name) is not None))

    def get(self, name: str) -> int | None:
        """The directory of a queue; None: there is none of this name."""
        self._forget_removed(name)
        if name not in self._open and is_queue_name(name):
            # What is no directory is not ours, and must not stop those that are.
            with suppress(FileNotFoundError, NotADirectoryError):
                self._open[name] = self._disk.open_directory(self._path(name), follow=False)
        return self._open.get(name)

    def make(self, name: str) -> int:
        """The directory of a queue, there from here on, also after a power cut."""
        self._forget_removed(name)
        if name not in self._synced:  # whoever made it may have been stopped before this
            if not is_queue_name(name):
                raise OSError(errno.EINVAL, f"{name!r} is no name of a queue")
            with suppress(FileExistsError):
                self._disk.make_directory(self._path(name))
            self._disk.sync(self._top)
            self._synced.add(name)
        found = self.get(name)
        if found is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), self._path(name))
        return found

    def find(self, id: str) -> int | None:
        """The directory that this message is in; None: it is in no queue."""
        found = self.first(lambda at: self._disk.inode(id, at))
        return found and found[0]

    def first(self, look: Callable[[int], _T | None]) -> tuple[int, _T] | None:
        """The first directory in which `look` finds something, and what; None: in none."""
        found = _first(self._open.values(), look)
        if found is None and not self._has_all():
            seen = set(self._open.values())
            new = (self._open[name] for name in self.names())
            found = _first((at for at in new if at not in seen), look)
        return found

    def sync_all(self) -> None:
        """What was removed from any queue before this stays away, also after a power cut."""
        for name in self.names():
            self._disk.sync(self._open[name])

    def close(self) -> None:
        for fd in (*self._open.values(), *self._removed):
            self._disk.close(fd)

    def _has_all(self) -> bool:
        """Is every queue open by now?  Most messages ask for one that is in none of them."""
        before, self._version = self._version, self._disk.version(self._top)
        return self._version is not None and self._version == before

    def _forget_removed(self, name: str) -> None:
        """An operator may have taken away an empty one since, and a writer have made another."""
        if name == DEFAULT_QUEUE or name not in self._open:
            return
        now = self._disk.look(self._top, NAMED_QUEUE + name)
        if now is None or now.inode != self._disk.facts(self._open[name]).inode:
            self._removed.append(self._open.pop(name))  # a claim may still look at it
            self._synced.discard(name)

    def _path(self, name: str) -> str:
        return str(self._directory / f"{NAMED_QUEUE}{name}")


def _first(directories: Iterable[int], look: Callable[[int], _T | None]) -> tuple[int, _T] | None:
    for at in directories:
        found = look(at)
        if found is not None:
            return at, found
    return None
