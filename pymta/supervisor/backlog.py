"""Ask the kernel how many callers wait at a listener (N-24).

Touches: sockets.
"""

from __future__ import annotations

import socket
import struct

from pymta.supervisor.listener import Backlog

# In a listening socket's struct tcp_info (linux/tcp.h) two counters mean something else than they
# say: tcpi_unacked is the number of connections that wait, tcpi_sacked the most that may.
_COUNTERS = struct.Struct("24x2I")


def backlog_of(listener: socket.socket) -> Backlog:
    """Of a listening TCP socket; nothing at all of any other."""
    try:
        raw = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTERS.size)
    except OSError:
        return Backlog()
    return Backlog(*_COUNTERS.unpack(raw))
