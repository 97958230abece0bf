"""Ask the running daemon something on its control socket, and hear the answer.

Touches: sockets, descriptors, disk, clock.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pymta.channel.control import (
    BUSY,
    LONGEST_ANSWER,
    NAME,
    OK,
    ONLY,
    ORDER,
    STOPPING,
    address_in,
    pid_at,
)
from pymta.cli.command_error import CommandError
from pymta.cli.places import Places, daemon_places
from pymta.config import generation
from pymta.config.generation import GenerationError, current_file

_TIMEVAL = struct.Struct("ll")


class NoDaemonError(CommandError):
    """Nobody listens there."""

    def __init__(self, directory: str) -> None:
        super().__init__(f"no pymta daemon answers at {directory}/{NAME}", os.EX_UNAVAILABLE)


class OutOfReachError(CommandError):
    """We may not even knock."""

    def __init__(self, directory: str) -> None:
        super().__init__(f"{directory}/{NAME}: not allowed", os.EX_NOPERM)


def runtime_directory(state: Path | None) -> str:
    """Where the daemon of this state directory has its control socket; None: the usual one.

    Who may not read its settings is taken to mean a `pymta serve`, which has one place for all.
    """
    if state is None:
        return daemon_places(os.environ).runtime
    try:
        served = generation.load(current_file(state))
    except (FileNotFoundError, NotADirectoryError, PermissionError, GenerationError):
        return Places(str(state), str(state)).runtime
    return served.machine.runtime_directory


def ask_daemon(
    directory: str, request: str, *, wait: float, failure: int, pid: int | None = None
) -> str:
    """The text behind "ok".  `wait` seconds at most; `pid`: only if this process is the daemon.

    Raises NoDaemonError, or CommandError: with `failure` when the daemon could not do it, with 75
    when it has no time, 77 when it does not take orders from us.
    """
    until = time.monotonic() + wait
    with _connection(directory, wait) as sock:
        _check_pid(sock, pid)
        sock.settimeout(max(0.001, until - time.monotonic()))
        with suppress(BrokenPipeError):  # it has hung up; its answer may lie there
            sock.send(request.encode("ascii"), socket.MSG_NOSIGNAL)
        answer = _hear(sock)
    return _text(answer, failure)


def order_daemon(directory: str, words: bytes, *, wait: float, failure: int) -> str:
    """The same of an order: it writes to our standard output and error, and may last long.

    `wait` is for the connection alone.
    """
    with _connection(directory, wait) as sock:
        with suppress(BrokenPipeError, ConnectionResetError):  # as above
            sock.send(ORDER.encode("ascii"), socket.MSG_NOSIGNAL)
            socket.send_fds(sock, [words], [1, 2], socket.MSG_NOSIGNAL)
        answer = _hear(sock)
    return _text(answer, failure)


@contextmanager
def _connection(directory: str, wait: float) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        try:
            _connect(sock, directory, wait)
            yield sock
        except (TimeoutError, BlockingIOError):
            text = f"no answer within {wait:g} seconds; the log may tell what came of it"
            raise CommandError(text, os.EX_TEMPFAIL) from None
        except PermissionError:
            raise OutOfReachError(directory) from None
        except (ConnectionError, FileNotFoundError, NotADirectoryError):
            raise NoDaemonError(directory) from None


def _text(answer: str, failure: int) -> str:
    verdict, _, text = answer.partition(" ")
    if verdict != OK:
        if not text:
            raise CommandError("the daemon hung up without an answer", os.EX_TEMPFAIL)
        raise CommandError(text, _status(text, failure))
    return text


def _status(text: str, failure: int) -> int:
    if text.startswith(ONLY):
        return os.EX_NOPERM
    return os.EX_TEMPFAIL if text.startswith((BUSY, STOPPING)) else failure


def _connect(sock: socket.socket, directory: str, wait: float) -> None:
    """In line behind others, where the backlog is full: a non-blocking socket would not wait."""
    seconds = _TIMEVAL.pack(int(wait), int(wait % 1 * 1e6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
    with address_in(directory) as address:
        sock.connect(address)


def _hear(sock: socket.socket) -> str:
    try:
        packet, fds, _, _ = socket.recv_fds(sock, LONGEST_ANSWER + len(OK) + 1, 1)
    except ConnectionResetError:  # it had not read all that we said; its answer comes behind that
        packet, fds, _, _ = socket.recv_fds(sock, LONGEST_ANSWER + len(OK) + 1, 1)
    if not fds:
        return packet.decode("utf-8", "replace")
    with open(fds[0], "rb") as file:  # noqa: PTH123 - a descriptor has no path
        file.seek(0)
        return f"{OK} {file.read().decode('utf-8', 'replace')}"


def _check_pid(sock: socket.socket, wanted: int | None) -> None:
    pid = pid_at(sock)
    if wanted is not None and pid != wanted:
        raise CommandError(f"process {pid} is the daemon here, not {wanted}", os.EX_UNAVAILABLE)
