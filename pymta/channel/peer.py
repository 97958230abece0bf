"""Who is at the other end of an AF_UNIX socket, as the kernel wrote it down at connect(2).

Nothing that the other side says can change it (unix(7), SO_PEERCRED).

Touches: sockets.
"""

from __future__ import annotations

import socket
import struct

from pymta.mail.caller import LocalCaller

_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid: struct ucred in unix(7)


def peer_of(sock: socket.socket) -> LocalCaller:
    """Who connected, or whose socket it was that we connected to.  Raises OSError."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return LocalCaller(uid, gid, pid)
