"""-bs: standard input and output are the client, and we are only the way to the server.

Who calls is known there all the same: the user that we run as.  So inetd must not put us behind a
port, or the whole network would be that user, who may relay.

A client that goes without QUIT is no reason to keep the connection: QUIT is said for it.  In the
middle of a message behind DATA that is part of it, and no harm.  In a chunk it could be the rest of
one, so there the server hears the end of the input; nowhere else, since it gives no 250 to whom
nobody may be listening any more (RFC 1047).

Touches: sockets, descriptors.
"""

from __future__ import annotations

import _socket  # as in `wire`
import os
import select

from pymta.submit import replies
from pymta.submit.chunk_watch import ChunkWatch

SILENCE = 60_000  # milliseconds that a server may think after the client has gone
_BLOCK = 65536
_LONGEST_END = 1024  # of what the server says, which a goodbye has room in


def is_from_network(fd: int) -> bool:
    """Whether it is a socket that others than users of this machine may have called."""
    try:
        sock = _socket.socket(fileno=fd)
    except OSError:  # no socket
        return False
    family = sock.family
    sock.detach()
    return family != _socket.AF_UNIX


def pass_on(server: int) -> int:
    """Until the server hangs up; `server` is its descriptor.  The exit status."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(server, select.POLLIN)
    end, patience, watch = b"", None, ChunkWatch()
    while ready := poll.poll(patience):
        for fd, _ in ready:
            data = _read(fd)
            if fd == server:
                if not data:
                    return replies.OK if b"\n221" in end else replies.LATER
                end = (end + data)[-_LONGEST_END:]
                watch.server_says(data)
                _write(1, data)
            elif data:
                watch.client_says(data)
                _write(server, data)
            else:
                poll.unregister(0)
                patience = SILENCE
                if watch.is_inside:
                    _say_no_more(server)
                else:
                    _write(server, b"QUIT\r\n")
    return replies.LATER


def _say_no_more(server: int) -> None:
    sock = _socket.socket(fileno=server)
    try:
        sock.shutdown(_socket.SHUT_WR)
    except OSError:  # it is gone
        pass
    finally:
        sock.detach()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, _BLOCK)
    except OSError:  # the other side is gone, in its own way
        return b""


def _write(fd: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:  # likewise; the end is seen where it is read
        pass
