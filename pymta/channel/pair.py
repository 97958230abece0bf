"""One end of a channel.

Touches: sockets, descriptors.
"""

from __future__ import annotations

import socket
import struct

from pymta.channel.words import LONGEST, Word, decode, encode

_FD = struct.Struct("i")
_ROOM_FOR_FD = socket.CMSG_LEN(_FD.size)
_AT_ONCE = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL


class End:
    """One end of a channel; the supervisor's end never blocks, a child's end may."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def fileno(self) -> int:
        return self._sock.fileno()

    def say(self, word: Word) -> bool:
        """Send without waiting.  False: the other end has gone, or its buffer is full."""
        try:
            self._sock.send(encode(word), _AT_ONCE)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return False
        return True

    def give(self, word: Word, fd: int) -> bool:
        """Send without waiting, and a copy of the open descriptor `fd` with it.

        False: the other end has gone.  Raises OSError when there is no room for more under way.
        """
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _FD.pack(fd))]
        try:
            self._sock.sendmsg([encode(word)], rights, _AT_ONCE)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def take(self) -> tuple[Word | None, int]:
        """Like `hear`, with the descriptor that came along, -1 when none did."""
        try:
            # recv_fds of Python 3.11 passes no flag on, and such a descriptor would be inherited.
            packet, with_it, _, _ = self._sock.recvmsg(
                LONGEST, _ROOM_FOR_FD, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError:
            return None, -1
        fd = next((_FD.unpack(data)[0] for _, _, data in with_it), -1)
        return (decode(packet) if packet else None), fd

    def hear(self) -> Word | None:
        """The next word; None when the other end has closed.  Waits as the socket does.

        Raises BlockingIOError on a non-blocking end when there is nothing to read.
        """
        try:
            packet = self._sock.recv(LONGEST)
        except ConnectionResetError:
            return None
        return decode(packet) if packet else None

    def set_blocking(self, wait: bool) -> None:
        self._sock.setblocking(wait)

    def close(self) -> None:
        self._sock.close()


def make_pair() -> tuple[End, End]:
    """A new channel: the parent's end, non-blocking, and the child's, blocking."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return End(ours), End(theirs)


def from_fd(fd: int) -> End:
    """The parent's end again, after a re-exec."""
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    return End(sock)
