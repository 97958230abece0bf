"""Did this caller save a round trip by TCP Fast Open?  (N-17, RFC 7413)

Touches: sockets.
"""

from __future__ import annotations

import socket
import struct

# struct tcp_info in linux/tcp.h: the state is the first octet, the options are the sixth.
_STATE_AND_OPTIONS = struct.Struct("B4xB")
_SYN_RECEIVED = 3
_DATA_IN_SYN = 32


def fast_open(sock: socket.socket) -> str:
    """In the words of the log: ``TFO*`` when data came with his first packet, ``TFO`` when only the
    handshake is still under way, "" for an ordinary connection.
    """
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _STATE_AND_OPTIONS.size)
    except OSError:
        return ""
    state, options = _STATE_AND_OPTIONS.unpack(info)
    if options & _DATA_IN_SYN:
        return "TFO*"
    return "TFO" if state == _SYN_RECEIVED else ""
