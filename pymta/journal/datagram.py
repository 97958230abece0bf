"""Datagrams to a daemon that keeps logs: never waited for, but for a moment at the end.

"No room" is an answer, and the log goes on to its next sink.

journald, and a syslog daemon that asks who the sender is, finds the process by its pid, some time
after it has taken the datagram off its queue.  A process that ends at once has often gone by then,
and its lines are missing from `journalctl -u`.  So `close` waits, within bounds, until they have
been looked at.  To journald, which passes it over, it sends an empty datagram: when that has been
taken, all that came before it is done with.  Who knows what another daemon would make of it: there
the wait ends when all has been taken.  To see its own datagrams only, a forked child opens a socket
of its own with its first one.

Touches: clock, processes, sockets.
"""

from __future__ import annotations

import array
import fcntl
import os
import socket
import termios
import time
from pathlib import Path

DRAIN_LIMIT = 0.250  # seconds; who logs to a daemon that hangs ends so much later
DRAIN_STEP = 0.0005


class Datagrams:
    """A way to the socket at `path`, which may come and go.

    `marks_end`: an empty datagram is the last.
    """

    def __init__(self, path: Path, *, marks_end: bool) -> None:
        self._path = str(path)
        self._marks_end = marks_end
        self._sock: socket.socket | None = None
        self._owner = 0

    def send(self, data: bytes, *rights: int) -> None:
        """One datagram, with these descriptors beside it.  Raises OSError."""
        sock = self._own_socket()
        if not rights:
            sock.sendto(data, self._path)
            return
        ancillary = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", rights))
        sock.sendmsg([data] if data else [], [ancillary], 0, self._path)

    def descriptors(self) -> tuple[int, ...]:
        """A child that closed it unasked would later close whatever took its number."""
        return (self._sock.fileno(),) if self._sock else ()

    def close(self) -> None:
        if self._sock is None:
            return
        if self._owner == os.getpid():
            self._drain(self._sock)
        self._sock.close()
        self._sock = None

    def _drain(self, sock: socket.socket) -> None:
        until = time.monotonic() + DRAIN_LIMIT
        is_sent = not self._marks_end
        while time.monotonic() < until:
            try:
                is_sent = is_sent or not sock.sendto(b"", self._path)
            except BlockingIOError:  # no room yet
                pass
            except OSError:  # nobody reads any more
                return
            if is_sent and not _unread(sock):
                return
            time.sleep(DRAIN_STEP)

    def _own_socket(self) -> socket.socket:
        if self._sock is None or self._owner != os.getpid():
            if self._sock is not None:
                self._sock.close()
                self._sock = None
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._sock.setblocking(False)
            self._owner = os.getpid()
        return self._sock


def _unread(sock: socket.socket) -> int:
    """Bytes that the other side has not taken yet."""
    count = array.array("i", [0])
    fcntl.ioctl(sock, termios.TIOCOUTQ, count)
    return count[0]
