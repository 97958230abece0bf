"""A question to another program of this machine, over its socket and within a time limit.

Touches: sockets, clock.
"""

from __future__ import annotations

import socket
import time
from typing import Self

_BLOCK = 8192
_AGAIN = 0.02  # seconds
LONGEST_LINE = 1 << 16  # bytes: more than a challenge can have (RFC 4954 s4)


class NoAnswerError(Exception):
    """The argument says what went wrong, for the log."""


class Inquiry:
    """One connection.  Everything on it together takes `seconds` at most; see `allow`."""

    def __init__(self, path: str, seconds: float) -> None:
        """Raises NoAnswerError, as all methods do but `close`."""
        self._path = path
        self._read = b""
        self.allow(seconds)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect()
        except OSError as error:
            self.close()
            raise self._failed(error) from None
        except NoAnswerError:
            self.close()
            raise

    def _connect(self) -> None:
        """A connection to a queue that is full cannot be waited for (EAGAIN in connect(2))."""
        while True:
            self._sock.settimeout(self._left())
            try:
                return self._sock.connect(self._path)
            except BlockingIOError:
                time.sleep(min(_AGAIN, self._left()))

    def allow(self, seconds: float) -> None:
        """From now on; for a conversation that waits for somebody else between two questions."""
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds

    def send(self, data: bytes) -> None:
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(data)
        except OSError as error:
            raise self._failed(error) from None

    def line(self) -> bytes:
        """Without its end."""
        while b"\n" not in self._read:
            if len(self._read) > LONGEST_LINE:
                raise NoAnswerError(f"{self._path}: a line without end came back")
            self._more()
        line, _, self._read = self._read.partition(b"\n")
        return line

    def octets(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        data, self._read = self._read[:count], self._read[count:]
        return data

    def close(self) -> None:
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _more(self) -> None:
        try:
            self._sock.settimeout(self._left())
            data = self._sock.recv(_BLOCK)
        except OSError as error:
            raise self._failed(error) from None
        if not data:
            raise NoAnswerError(f"{self._path}: hung up without an answer")
        self._read += data

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> NoAnswerError:
        return NoAnswerError(f"{self._path}: no answer in {self._seconds:g} s")

    def _failed(self, error: OSError) -> NoAnswerError:
        if isinstance(error, TimeoutError):
            return self._late()
        return NoAnswerError(f"{self._path}: {error.strerror or error}")
