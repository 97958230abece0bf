"""Why there is nothing to read, or nobody to write to."""

from __future__ import annotations

from enum import Enum, auto


class Stop(Enum):
    CLOSED = auto()  # by the client, or the connection broke: `Stream.error` says how
    TIMED_OUT = auto()
    DRAINING = auto()  # the supervisor wants us to end, or has gone
    TERMINATED = auto()  # SIGTERM
