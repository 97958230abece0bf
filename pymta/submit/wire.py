"""The connection to the server.

Touches: sockets, environment.
"""

from __future__ import annotations

import _socket  # what `socket` is made of: that module costs more than all the rest of us
import os
import sys

from pymta.submit.replies import Reply, ReplyReader

TYPE_CHECKING = False  # as `typing` has it, which is not loaded
if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = "/run/pymta/submit"
REPLY = 300.0  # seconds, as RFC 5321 s4.5.3.2 has them for any client
LAST_REPLY = 600.0


def place() -> str:
    return os.environ.get("PYMTA_SUBMIT_SOCKET") or PLACE


class Wire:
    """Raises OSError when there is no connection, or it is lost."""

    def __init__(self, path: str, patience: float, *, shows: bool = False) -> None:
        """`patience` in seconds is for the greeting, for which a service may have to start."""
        self._shows = shows
        self._patience = patience
        self._replies = ReplyReader()
        self._sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._sock.settimeout(patience)
        try:
            self._sock.connect(path)
        except OSError:
            self._sock.close()
            raise

    def close(self) -> None:
        self._sock.close()

    def detach(self) -> int:
        """The descriptor, for whoever goes on without us."""
        return self._sock.detach()

    def ask(self, command: bytes, patience: float = REPLY) -> Reply:
        self._show(">>>", command.decode("utf-8", "replace"))
        self._patience = patience
        self.write(command + b"\r\n")
        return self.read()

    def ask_together(self, commands: list[bytes]) -> Iterator[Reply]:
        """The reply to each; all are sent before the first is waited for."""
        for command in commands:
            self._show(">>>", command.decode("utf-8", "replace"))
        self.write(b"\r\n".join([*commands, b""]))
        for _ in commands:
            yield self.read()

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def read(self, *, is_last: bool = False, patience: float = 0) -> Reply:
        """`patience` in seconds is for this reply alone."""
        self._sock.settimeout(LAST_REPLY if is_last else patience or self._patience)
        reply = self._replies.feed(b"")
        while reply is None:
            data = self._sock.recv(4096)
            if not data:
                raise ConnectionError("the server closed the connection")
            reply = self._replies.feed(data)
            if self._replies.is_broken:
                raise ConnectionError("what answers there does not speak SMTP")
        self._patience = REPLY
        self._show("<<<", reply.text)
        return reply

    def _show(self, mark: str, text: str) -> None:
        if self._shows:
            sys.stderr.write(f"{mark} {text}\n")
