"""A delivery worker on the other side of a connection: who it is, what it asks, what it hears.

Nothing here waits.  The descriptor of the message comes with the request, and is closed with the
connection, whatever became of it.

Touches: sockets, descriptors.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from pymta.channel.control import person_at, pid_at
from pymta.transport.local_request import (
    LONGEST_REQUEST,
    TAKEN,
    Answer,
    Request,
    decode_request,
    encode_answer,
)

_MOST_FDS = 4  # more than anybody sends, so that what came too much is seen and closed


class Asker:
    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.message = -1
        self.since = 0.0  # monotonic seconds

    def fileno(self) -> int:
        return self.sock.fileno()

    @property
    def uid(self) -> int:
        return person_at(self.sock).uid

    @property
    def pid(self) -> int:
        return pid_at(self.sock)

    def request(self) -> Request | None:
        """What it asks; None when it has gone.

        Raises BlockingIOError when it has said nothing yet, ValueError when that is no request.
        """
        try:
            packet, fds, flags, _ = socket.recv_fds(self.sock, LONGEST_REQUEST, _MOST_FDS)
        except BlockingIOError:
            raise
        except OSError:
            return None
        for fd in fds[1:]:
            os.close(fd)
        self.message = fds[0] if fds else -1
        if not packet:
            return None
        if len(fds) != 1 or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            raise ValueError("not one open message, or more than a request holds")
        os.set_inheritable(self.message, False)
        return decode_request(packet)

    def say_taken(self) -> None:
        self._send(TAKEN)

    def answer(self, answer: Answer) -> None:
        self._send(encode_answer(answer))

    def close(self) -> None:
        if self.message >= 0:
            os.close(self.message)
            self.message = -1
        self.sock.close()

    def _send(self, packet: bytes) -> None:
        """Whoever does not wait for it misses it."""
        with suppress(OSError):
            self.sock.send(packet, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
