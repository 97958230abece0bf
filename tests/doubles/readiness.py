"""Is there something to read?  select(2) cannot say of descriptors beyond 1023, which we have."""

from __future__ import annotations

import select
import socket


def is_readable(sock: socket.socket, seconds: float) -> bool:
    """Something came, or the other side has closed, within `seconds`."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
