"""Into a Maildir, safe against a pulled plug: tmp/, synced, renamed into new/, synced.

The file name follows from the message and its recipient (`pymta.transport.mailboxes.file_name`), so
an attempt repeated after a crash replaces the file of the first one instead of doubling it.  (A
reader who had moved the first away from new/ in between sees it twice: the window is between our
rename and our record.)

    steps                                   stopped before the next one
    1  write tmp/NAME, sync it              a file in tmp/ that the repeated attempt removes
    2  rename it to new/NAME                delivered; repeated, and replaced by the same
    3  sync new/                            likewise; a power cut may still undo step 2
    4  return: the caller records it        delivered; repeated, and replaced by the same

Directories are made with mode 0700 and files with 0600.  cur/ is made last, when all others and
their names are synced.  So whoever finds it knows that a power cut takes none of them away, even if
the process that made them was stopped half-way; and a usual delivery costs two syncs, not five.

A Maildir that stays open from one message to the next is asked for the numbers of its directories
before each: what somebody has taken away, or put in its place, is opened anew.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pymta.spool.disk import Disk

_INSIDE = ("cur", "tmp", "new")


class Maildir:
    """One Maildir, at `path` somewhere below `top`, which is there.

    What is missing of it is made, unless `makes` is false.  Whose it is says whether links are
    followed.  It is opened with the first message, and stays so until `close`.
    """

    def __init__(
        self,
        path: Path,
        top: Path,
        *,
        disk: Disk | None = None,
        makes: bool = True,
        follow: bool = False,
    ) -> None:
        self._path = path
        self._top = top
        self._disk = disk or Disk()
        self._makes = makes
        self._follow = follow
        self._inside = tuple(f"{path}/{name}" for name in _INSIDE)
        self._fds: list[int] = []  # of tmp/ and new/, as long as it is open
        self._inodes: list[tuple[int, int] | None] = []  # of all that is in it, likewise

    def store(self, name: str, blocks: Iterable[bytes], is_mine: Callable[[], bool]) -> bool:
        """Put a message into new/ under this name.

        `is_mine` is asked right before the step that cannot be taken back.  False: it said no, and
        nothing is delivered.  Raises OSError; nothing is visible then either.
        """
        if not self._is_open_still():
            self.close()
            self._open_or_make()
        tmp, new = self._fds
        try:
            self._write(tmp, name, blocks)
            is_to_stay = is_mine()
            if is_to_stay:
                self._disk.rename(tmp, name, new, name)
            else:
                self._disk.unlink(tmp, name)
        except BaseException:
            with suppress(OSError):
                self._disk.unlink(tmp, name)
            raise
        if is_to_stay:
            self._disk.sync(new)
        return is_to_stay

    def close(self) -> None:
        while self._fds:
            self._disk.close(self._fds.pop())

    def _is_open_still(self) -> bool:
        return bool(self._fds) and self._inodes == [*map(self._disk.inode, self._inside)]

    def _open_or_make(self) -> None:
        try:
            self._open()
        except FileNotFoundError:
            if not self._makes:
                raise
            self._make()
            self._open()

    @property
    def _chain(self) -> Iterator[str]:
        """The directories from below the top down to the Maildir itself."""
        parents = list(self._path.parents)
        above = parents[: parents.index(self._top)]
        return map(str, (*reversed(above), self._path))

    def _open(self) -> None:
        """Step by step from the top, so that each of them is looked at."""
        try:
            for directory in self._chain:
                self._disk.close(self._directory(directory))
            for directory in self._inside:
                self._fds.append(self._directory(directory))
            self._inodes = [self._disk.facts(fd).inode for fd in self._fds]
            self._disk.close(self._fds.pop(0))  # who reads it moves into cur/, and we never do
        except BaseException:
            self.close()
            raise

    def _make(self) -> None:
        """Make what is missing, and sync also what is not: who made it may have been stopped."""
        cur, *others = self._inside
        fds: list[int] = []
        try:
            fds.append(self._directory(str(self._top)))
            for directory in self._chain:
                fds.append(self._directory(directory, make=True))  # noqa: PERF401 (closed below)
            for directory in others:
                self._disk.close(self._directory(directory, make=True))
            for fd in reversed(fds):
                self._disk.sync(fd)
            self._disk.close(self._directory(cur, make=True))
        finally:
            for fd in fds:
                self._disk.close(fd)

    def _directory(self, path: str, *, make: bool = False) -> int:
        """Its descriptor; with `make` it is made when it is missing."""
        if make:
            with suppress(FileExistsError):
                self._disk.make_directory(path)
        return self._disk.open_directory(path, follow=self._follow)

    def _write(self, directory: int, name: str, blocks: Iterable[bytes]) -> None:
        fd = self._create(directory, name)
        try:
            for block in blocks:
                self._disk.write(fd, block)
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)

    def _create(self, directory: int, name: str) -> int:
        """In place of what an attempt has left that was stopped."""
        try:
            return self._disk.create(directory, name)
        except FileExistsError:
            self._disk.unlink(directory, name)
            return self._disk.create(directory, name)
