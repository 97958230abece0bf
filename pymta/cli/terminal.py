"""A session's stream that is a terminal, or a pipe: lines from one descriptor, replies to another.

Whoever types ends a line with LF; on the way in that becomes CRLF, because LF alone ends nothing in
a message.  One line is given out at a time, so that nobody is blamed for lines that stood in a file
before we asked for them.

Touches: descriptors.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import BinaryIO

from pymta.channel.pair import End
from pymta.session.stop import Stop
from pymta.session.stream import Stream

_LONGEST = 65_536  # octets that are read of a line at once


class TerminalStream(Stream):
    """`first` are lines that are said before those of `source`.  `dummy` and `quiet` are ends where
    nothing ever happens.
    """

    def __init__(
        self,
        source: BinaryIO,
        sink: BinaryIO,
        dummy: socket.socket,
        quiet: End,
        first: Iterable[bytes] = (),
    ) -> None:
        super().__init__(dummy, quiet, quiet)
        self._source = source
        self._sink = sink
        self._first = iter(first)
        self._ends_with_cr = False

    def is_late(self, deadline: float) -> bool:  # noqa: ARG002
        """Nobody is hurried."""
        return False

    def read(self, deadline: float, *, at_command: bool) -> bytes | Stop:  # noqa: ARG002
        line = next(self._first, None)
        if line is None:
            line = self._source.readline(_LONGEST)
        if not line:
            return Stop.CLOSED
        is_bare = line.endswith(b"\n") and not line.endswith(b"\r\n")
        if is_bare and not (line == b"\n" and self._ends_with_cr):
            line = line[:-1] + b"\r\n"
        self._ends_with_cr = line.endswith(b"\r")
        return line

    def write(self, data: bytes, deadline: float) -> Stop | None:  # noqa: ARG002
        try:
            self._sink.write(data)
            self._sink.flush()
        except OSError as error:
            self.error = error.strerror or str(error)
            return Stop.CLOSED
        return None

    def peek(self, most: int) -> bytes:  # noqa: ARG002
        """What stands in a file has not been said too early."""
        return b""

    def drain(self, *, linger: bool) -> None:
        """What was not read is nobody's."""
