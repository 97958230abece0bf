"""Which system calls a spool makes of its disk, and what becomes of it when one of them fails.

To be shown them by a `WatchedDisk`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

LOOKS = {"look", "inode", "facts", "close", "lock", "is_writable", "names", "version", "stamp"}


class Recorder:
    """The calls since `calls` was last cleared; the one called `broken` fails."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.broken: Callable[[int, str], bool] = lambda _number, _name: False
        self.error = errno.EIO

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.calls.append(name)
        if self.broken(len(self.calls), name):
            raise OSError(self.error, os.strerror(self.error))

    def changes(self) -> list[str]:
        return [call for call in self.calls if call not in LOOKS]
