"""The control socket: a command asks the running daemon for something and hears what came of it.

It lies in the runtime directory, and everybody may connect: who is at the other end is asked of
the kernel, so that members of several groups can be heard and a refusal has a text.  The packets
are those of `pymta.channel.control`.  Nothing here waits, whatever the other side does or omits.

Touches: sockets, descriptors, disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

from pymta.channel.control import (
    FAILED,
    LONGEST,
    LONGEST_ANSWER,
    NAME,
    OK,
    address_in,
    person_at,
    pid_at,
)
from pymta.config.rights import Person

BACKLOG = 128
EVERYBODY = 0o666
_MOST_UNREAD = 16  # packets that are read away before we hang up


class AlreadyServedError(Exception):
    """Another daemon answers on this control socket."""


class Client:
    """One connected command, until it has its answer; `leaves` is told right before we hang up."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.leaves: Callable[[Client], None] = lambda _: None
        sock.setblocking(False)

    def fileno(self) -> int:
        """-1 when it is closed."""
        return self._sock.fileno()

    def person(self) -> Person:
        return person_at(self._sock)

    def pid(self) -> int:
        return pid_at(self._sock)

    def hand_over(self) -> None:
        """Another process answers from here on; it has a copy of our end."""
        self.close()

    def request(self) -> bytes:
        """What it said; empty when it has gone, or said more than a request can be.

        Raises BlockingIOError when it has said nothing yet.
        """
        try:
            data, _, flags, _ = self._sock.recvmsg(LONGEST)
        except BlockingIOError:
            raise
        except OSError:
            return b""
        return b"?" if flags & socket.MSG_TRUNC else data

    def succeed(self, text: str = "") -> None:
        """Tell it what it asked for, however long, and hang up."""
        data = text.encode()
        if len(data) <= LONGEST_ANSWER:
            self._answer(f"{OK} {text}".encode() if text else OK.encode())
        else:
            self._answer_with_file(data)

    def fail(self, why: str) -> None:
        """Tell it why not, and hang up."""
        self._answer(f"{FAILED} {why}".encode()[:LONGEST_ANSWER])

    def close(self) -> None:
        self.leaves(self)
        self._sock.close()

    def _answer(self, packet: bytes) -> None:
        """Whoever does not wait for it misses it."""
        with contextlib.suppress(OSError):
            self._sock.send(packet, socket.MSG_NOSIGNAL)
            self._forget_unread()
        self.close()

    def _answer_with_file(self, data: bytes) -> None:
        try:
            fd = os.memfd_create("pymta-answer")
        except OSError as error:
            self.fail(f"no room for the answer: {error.strerror}")
            return
        with contextlib.suppress(OSError), open(fd, "wb", buffering=0) as file:  # noqa: PTH123
            file.write(data)
            socket.send_fds(self._sock, [OK.encode()], [fd], socket.MSG_NOSIGNAL)
            self._forget_unread()
        self.close()

    def _forget_unread(self) -> None:
        """Closing with unread packets would show the other side a reset before the answer."""
        for _ in range(_MOST_UNREAD):
            if not self._sock.recv(LONGEST):
                return


def listen(directory: Path) -> socket.socket:
    """Bind the control socket; one that a dead daemon left behind is replaced.

    Raises AlreadyServedError, or OSError when the directory does not let us.
    """
    with address_in(directory) as address:
        if _answers(address):
            raise AlreadyServedError(f"another pymta daemon serves {directory}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)  # noqa: PTH108 - a name that means something here only
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            sock.bind(address)
            os.chmod(address, EVERYBODY)  # noqa: PTH101 - likewise
            sock.listen(BACKLOG)
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        return sock


def is_served(directory: Path) -> bool:
    """Does a daemon answer here?  False also for a directory that is not there."""
    try:
        with address_in(directory) as address:
            return _answers(address)
    except FileNotFoundError:
        return False


def accept(sock: socket.socket) -> Client | None:
    """None: whoever it was has gone.  Raises OSError when we are short of something."""
    try:
        return Client(sock.accept()[0])
    except (BlockingIOError, InterruptedError, ConnectionAbortedError):
        return None


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.setblocking(False)
        # A full backlog means that somebody listens.
        return probe.connect_ex(address) in {0, errno.EAGAIN}


def remove(directory: Path) -> None:
    """Take the socket away at the end, so that a command hears at once that nobody is there."""
    with contextlib.suppress(OSError):
        (directory / NAME).unlink()
