"""A table in a text file, as of now: it is looked at for every question, and read again when it
has changed.

Whoever writes a file in place empties it first.  So what a file that has just been written says
nothing about is asked once more when it has had time to settle; a question waits for that one
second at most.  Likewise for a file that need not exist and has just gone: somebody may be about to
put another in its place.

Touches: disk, clock.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pymta.tables.keepers import Keepers
from pymta.tables.table import Answer, Nothing, Unsure

LARGEST = 64 << 20  # bytes; a million addresses
SETTLING = 0.5  # seconds
WAITS = 2  # times; more than that, and somebody writes to it again and again

Seen = tuple[int, ...]


class Text(Protocol):
    """What a file says, as a whole."""

    def lookup(self, key: str, /) -> Answer: ...

    def __len__(self) -> int:
        """How many entries it has."""
        ...

    def ends_with(self, key: str, /) -> bool:
        """Is what is found for this key at the end of the text, where more may come?"""
        ...


T = TypeVar("T", bound=Text)


class FileTable(Generic[T]):
    """The file at `path`, whose text `read` takes, after the path.  `now` is in seconds since the
    epoch.

    `may_be_missing`: then nothing is in it.  `keepers` are those who may own it.
    """

    def __init__(
        self,
        path: str,
        read: Callable[[str, str], T],
        *,
        may_be_missing: bool = False,
        keepers: Keepers = Keepers(),  # noqa: B008 - it is frozen
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.path = path
        self._read = read
        self._may_be_missing = may_be_missing
        self._keepers = keepers
        self._now = now
        self._sleep = sleep
        self._seen: Seen = ()
        self._written = 0.0  # seconds since the epoch
        self._text: T | None = None

    def lookup(self, key: str) -> Answer:
        for _ in range(WAITS):
            answer, is_young = self._lookup(key)
            if not is_young:
                return answer
            self._sleep(SETTLING)
        answer, is_young = self._lookup(key)
        return Unsure(f"{self.path} is being written") if is_young else answer

    def text(self) -> T:
        """All of it.  Raises OSError; ValueError when it cannot be used."""
        if self._text is not None and _seen(os.stat(self.path)) == self._seen:  # noqa: PTH116
            return self._text
        fd = self._keepers.open(self.path)
        try:
            found = os.fstat(fd)
            self._text = self._read(self.path, read_text(fd, found, LARGEST))
            self._seen = _seen(found)
            self._written = found.st_mtime
        finally:
            os.close(fd)
        return self._text

    def _lookup(self, key: str) -> tuple[Answer, bool]:
        """What it says, and whether that may only be so because somebody writes to it."""
        try:
            text = self.text()
        except FileNotFoundError:
            return self._missing()
        except OSError as error:
            return Unsure(f"{self.path} cannot be read: {error.strerror or error}"), False
        except ValueError as error:
            return Unsure(f"{self.path} cannot be used: {error}"), False
        answer = text.lookup(key)
        if not self._is_young(self._written):
            return answer, False
        return answer, isinstance(answer, Nothing) or text.ends_with(key)

    def _missing(self) -> tuple[Answer, bool]:
        if not self._may_be_missing:
            return Unsure(f"{self.path} does not exist"), False
        try:
            changed = Path(self.path).parent.stat().st_mtime
        except OSError:  # nor is the directory there
            return Nothing(), False
        return Nothing(), self._is_young(changed)

    def _is_young(self, written: float) -> bool:
        return 0 <= self._now() - written < SETTLING


def _seen(found: os.stat_result) -> Seen:
    """What is another when the file is; whoever owns it is seen with st_ctime."""
    return (
        *(found.st_dev, found.st_ino, found.st_size),
        *(found.st_mtime_ns, found.st_ctime_ns),
    )


def read_text(fd: int, found: os.stat_result, largest: int) -> str:
    """Of a file that can be trusted.  Raises OSError and ValueError."""
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no file")
    if found.st_mode & stat.S_IWOTH:
        raise ValueError("everybody may write to it; want chmod o-w")
    if found.st_size > largest:
        raise ValueError(f"it is larger than {largest} bytes")
    with os.fdopen(os.dup(fd), "rb") as file:
        content = file.read(largest + 1)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: this is not UTF-8") from error
