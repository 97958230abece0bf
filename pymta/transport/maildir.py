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

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pymta.spool.disk import Disk


class Maildir:
    """One Maildir, at `path` somewhere below `top`, which is there.

    What is missing of it is made, unless `makes` is false.  Whose it is says whether links are
    followed.
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

    def store(self, name: str, blocks: Iterable[bytes], is_mine: Callable[[], bool]) -> bool:
        """Put a message into new/ under this name.

        `is_mine` is asked right before the step that cannot be taken back.  False: it said no, and
        nothing is delivered.  Raises OSError; nothing is visible then either.
        """
        with self._opened() as (tmp, new):
            with suppress(FileNotFoundError):
                self._disk.unlink(tmp, name)
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

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """Descriptors of tmp/ and new/ of a Maildir that is there for good."""
        with ExitStack() as held:
            try:
                fds = self._open(held)
            except FileNotFoundError:
                if not self._makes:
                    raise
                self._make()
                fds = self._open(held)
            yield fds

    @property
    def _chain(self) -> list[Path]:
        """The directories from below the top down to the Maildir itself."""
        parents = list(self._path.parents)
        above = parents[: parents.index(self._top)]
        return [*reversed(above), self._path]

    def _open(self, held: ExitStack) -> tuple[int, int]:
        """Step by step from the top, so that each of them is looked at."""
        for above in (*self._chain, self._path / "cur"):
            held.enter_context(self._directory(above))
        tmp = held.enter_context(self._directory(self._path / "tmp"))
        return tmp, held.enter_context(self._directory(self._path / "new"))

    def _make(self) -> None:
        """Make what is missing, and sync also what is not: who made it may have been stopped."""
        with ExitStack() as held:
            chain = [held.enter_context(self._directory(d, make=True)) for d in self._chain]
            for name in ("tmp", "new"):
                held.enter_context(self._directory(self._path / name, make=True))
            top = held.enter_context(self._directory(self._top))
            for fd in (*reversed(chain), top):
                self._disk.sync(fd)
            held.enter_context(self._directory(self._path / "cur", make=True))

    @contextmanager
    def _directory(self, path: Path, *, make: bool = False) -> Iterator[int]:
        """Its descriptor; with `make` it is made when it is missing."""
        if make:
            with suppress(FileExistsError):
                self._disk.make_directory(str(path))
        fd = self._disk.open_directory(str(path), follow=self._follow)
        try:
            yield fd
        finally:
            self._disk.close(fd)

    def _write(self, directory: int, name: str, blocks: Iterable[bytes]) -> None:
        fd = self._disk.create(directory, name)
        try:
            for block in blocks:
                self._disk.write(fd, block)
            self._disk.sync(fd)
        finally:
            self._disk.close(fd)
