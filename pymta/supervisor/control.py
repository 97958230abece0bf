"""The control socket: a command asks the running daemon for something and hears what came of it.

It lies in the runtime directory.  Only root and our own user are heard (SO_PEERCRED); a request is
one packet of one known word, so there is nothing to parse.

    reload   answered when the new generation serves ("ok ..."), or "failed ..." and why not
    status   answered at once with the text of STATUS=

Touches: sockets, disk.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from pathlib import Path

NAME = "control"
LONGEST = 64  # bytes of a request
LONGEST_ANSWER = 60_000
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred


class AlreadyServedError(Exception):
    """Another daemon answers on this control socket."""


class Client:
    """One connected command."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.setblocking(False)

    def fileno(self) -> int:
        return self._sock.fileno()

    def is_trusted(self) -> bool:
        raw = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        uid = _CREDENTIALS.unpack(raw)[1]
        return uid in {0, os.geteuid()}

    def request(self) -> bytes:
        """The word it said; empty when it has gone."""
        try:
            return self._sock.recv(LONGEST)
        except OSError:
            return b""

    def answer(self, text: str) -> None:
        """Tell it and hang up; whoever did not wait for the answer misses it."""
        with contextlib.suppress(OSError):
            self._sock.send(text.encode()[:LONGEST_ANSWER], socket.MSG_NOSIGNAL)
        self._sock.close()

    def close(self) -> None:
        self._sock.close()


def listen(directory: Path) -> socket.socket:
    """Bind the control socket; one that a dead daemon left behind is replaced.

    Raises AlreadyServedError, or OSError when the directory does not let us.
    """
    at = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        short = f"/proc/self/fd/{at}/{NAME}"  # sun_path holds 107 bytes, a directory may have more
        if _answers(short):
            raise AlreadyServedError(f"another pymta daemon serves {directory}")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(NAME, dir_fd=at)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.bind(short)
        os.chmod(NAME, 0o600, dir_fd=at)
        sock.listen(16)
        sock.setblocking(False)
        return sock
    finally:
        os.close(at)


def is_served(directory: Path) -> bool:
    """Does a daemon answer here?  False also for a directory that is not there."""
    try:
        at = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    except FileNotFoundError:
        return False
    try:
        return _answers(f"/proc/self/fd/{at}/{NAME}")
    finally:
        os.close(at)


def accept(sock: socket.socket) -> Client | None:
    try:
        return Client(sock.accept()[0])
    except OSError:
        return None


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.setblocking(False)
        # A full backlog means that somebody listens.
        return probe.connect_ex(path) in {0, errno.EAGAIN}


def remove(directory: Path) -> None:
    """Take the socket away at the end, so that a command hears at once that nobody is there."""
    with contextlib.suppress(OSError):
        (directory / NAME).unlink()
