"""Have the files of our certificates changed?  A session asks before each handshake (N-23).

Nobody waits for an answer, and nobody reads a file for it: a look at each is all there is.  A file
that may not be looked at looks always the same.

Touches: disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence


def fingerprint(paths: Sequence[str]) -> str:
    """What the files look like from outside; links are followed to their ends."""
    return " ".join(map(_look, paths))


def _look(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116 - hot, and a Path for each would be all that costs
    except OSError:
        return "-"
    times = f"{found.st_mtime_ns}.{found.st_ctime_ns}"
    return f"{found.st_dev}.{found.st_ino}.{found.st_size}.{times}"


class Watched:
    """`seen` is the fingerprint of the files when they were read, or when it was told last."""

    def __init__(self, paths: Sequence[str], seen: str) -> None:
        self.paths = tuple(paths)
        self.seen = seen

    def has_changed(self) -> bool:
        """Each change is told once."""
        now = fingerprint(self.paths)
        changed, self.seen = now != self.seen, now
        return changed
