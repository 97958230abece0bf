"""May a worker whose connection has ended take the next one?

A fresh process for each connection costs ten times as much as the connection, so a worker stays
where nothing speaks against it.  A session that was cut off, refused for good, or failed by our
own mistake leaves with its process: whatever it may have left behind goes too.
"""

from __future__ import annotations

from pymta.config.session import Session


def may_stay(settings: Session, served: int, resident: int, *, is_clean: bool) -> bool:
    """`served` counts connections, this one included; `resident` is in bytes.

    `is_clean`: it ended by QUIT, by the end of its input, or by a time-out in a command.
    """
    return (
        is_clean
        and served < settings.worker_max_connections
        and resident <= settings.worker_max_memory
    )
