"""Who is at the other end, by his own machine's account (RFC 1413, CP-07).

Purely informative: a machine may say what it likes.  What is not exactly an answer to our question
is no answer, and nothing here ever costs more than the time-out.

Touches: sockets, clock.
"""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import suppress

from pymta.mail.caller import Endpoint

PORT = 113
LONGEST_ANSWER = 1000  # octets; RFC 1413 s5
LONGEST = 127  # characters of what goes into the log
_ANSWER = re.compile(
    rb"[ \t]*([0-9]{1,5})[ \t]*,[ \t]*([0-9]{1,5})[ \t]*:[ \t]*USERID[ \t]*:[^:]*:[ \t]*(.*)"
)
_NOT_PRINTED = re.compile(r"[^!-~]")


class TimedOutError(Exception):
    """Nobody answered in time."""


def ask(caller: Endpoint, local: Endpoint, seconds: float, *, port: int = PORT) -> str:
    """The user that the caller's machine names; "" when it names none.  Raises TimedOutError."""
    family = socket.AF_INET if caller.address.version == 4 else socket.AF_INET6
    deadline = time.monotonic() + seconds
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        sock.bind((str(local.address), 0))
        _wait_connected(sock, (str(caller.address), port), deadline)
        sock.send(b"%d , %d\r\n" % (caller.port, local.port), socket.MSG_NOSIGNAL)
        return user_of(_read_line(sock, deadline), caller.port, local.port)
    return ""


def user_of(answer: bytes, caller_port: int, local_port: int) -> str:
    """The USERID field of one line, made printable; "" when it is no answer to our question."""
    match = _ANSWER.fullmatch(answer.rstrip(b"\r\n"))
    if not match or (int(match[1]), int(match[2])) != (caller_port, local_port):
        return ""
    text = match[3].decode("ascii", "replace").rstrip()
    return _NOT_PRINTED.sub("?", text)[:LONGEST]


def _wait_connected(sock: socket.socket, at: tuple[str, int], deadline: float) -> None:
    """Raises OSError when there is nobody, TimedOutError when nobody says so."""
    with suppress(BlockingIOError):
        sock.connect(at)
    _wait(sock, select.POLLOUT, deadline)
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, "connect")


def _read_line(sock: socket.socket, deadline: float) -> bytes:
    line = b""
    while b"\n" not in line and len(line) < LONGEST_ANSWER:
        _wait(sock, select.POLLIN, deadline)
        part = sock.recv(LONGEST_ANSWER)
        if not part:
            return b""
        line += part
    return line.partition(b"\n")[0]


def _wait(sock: socket.socket, events: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(sock, events)
    left = deadline - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TimedOutError
