"""TCP to one host, or a socket of this machine, with a deadline.

Touches: sockets.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host


def connect(host: Host, timeout: float) -> socket.socket:
    """A connected socket.  `timeout` is in seconds.  Raises OSError with an errno, always."""
    family = socket.AF_INET if host.address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    with _connecting(sock, timeout):
        # Commands in groups, then the message, then the dot: none of them waits for an ACK.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(host.address), host.port))
        _refuse_mirror(sock)
    return sock


def connect_here(server: LocalSocket, timeout: float) -> socket.socket:
    """Likewise to a socket in the file system."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _connecting(sock, timeout):
        sock.connect(server.path)
    return sock


@contextmanager
def _connecting(sock: socket.socket, timeout: float) -> Iterator[None]:
    """Within the time; the socket is closed where that fails."""
    sock.settimeout(timeout)
    try:
        yield
    except TimeoutError as error:
        sock.close()
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from error
    except BaseException:
        sock.close()
        raise


def _refuse_mirror(sock: socket.socket) -> None:
    """Where nobody listens on a local port of the ephemeral range, TCP may connect to itself."""
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
