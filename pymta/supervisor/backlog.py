"""How many connections wait on a listener, which the kernel keeps for us (N-24).

For a listening socket TCP_INFO means other things than its names say: "unacked" is how many wait,
"sacked" how many may (inet_diag in Linux).

Touches: sockets.
"""

from __future__ import annotations

import socket
import struct

_INFO = struct.Struct("8x4I2I")  # struct tcp_info up to tcpi_sacked


def waiting(listener: socket.socket) -> int:
    """Connections that nobody has accepted yet; 0 where the kernel does not tell."""
    try:
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    except OSError:
        return 0
    return int(_INFO.unpack(info)[4])
