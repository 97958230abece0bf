"""A disk whose every call is first shown to somebody, who may refuse it or end the world.

Touches: disk, processes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from pymta.spool.disk import Disk

CALLS = tuple(name for name in vars(Disk) if not name.startswith("_"))

Before = Callable[[str, tuple[Any, ...]], None]


class Stopped(BaseException):
    """The process was killed here.  No `except` in the program may catch it."""


class WatchedDisk(Disk):
    """Forwards to `inner`; `before(name, arguments)` may raise instead."""

    def __init__(self, inner: Disk, before: Before) -> None:
        self.inner = inner
        self.before = before


def _forward(name: str) -> Callable[..., Any]:
    def call(self: WatchedDisk, *args: Any, **kwargs: Any) -> Any:
        self.before(name, args)
        return getattr(self.inner, name)(*args, **kwargs)

    return call


for _name in CALLS:
    setattr(WatchedDisk, _name, _forward(_name))


class StopAfter:
    """Stops before call number `count` + 1, and at every one after it."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, _name: str, _arguments: tuple[Any, ...]) -> None:
        if self._left <= 0:
            raise Stopped
        self._left -= 1


class KillAfter(StopAfter):
    """For a process of its own, which then is really killed."""

    def __call__(self, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            super().__call__(name, arguments)
        except Stopped:
            os.kill(os.getpid(), signal.SIGKILL)
