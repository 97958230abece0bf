"""Octets to and from one host, in clear or not, with an end to every wait.

Touches: sockets, clock, OpenSSL.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pymta.tls import client, trouble
from pymta.tls.trouble import TlsError

_TLS = "TLS: "
READ = 16_384  # octets at once; replies are short

Clock = Callable[[], float]
_T = TypeVar("_T")


class TlsBrokenError(OSError):
    """TLS that was there already cannot go on."""


@dataclass(slots=True)
class Wire:
    """A non-blocking socket whose writes and reads end in time, by TimeoutError.

    `clock` is monotonic; `deadline` is on it, and bounds all of them together.
    """

    sock: socket.socket
    clock: Clock
    deadline: float

    def write(self, data: bytes, patience: float) -> None:
        """All of it; each piece that the kernel takes renews `patience`, in seconds."""
        rest = memoryview(data)
        while rest:
            until = min(self.clock() + patience, self.deadline)
            rest = rest[self._in_time(partial(self._send, rest), select.POLLOUT, until) :]

    def read(self, patience: float) -> bytes:
        """At least one octet, or b"" at the end of the stream."""
        return self.read_until(min(self.clock() + patience, self.deadline))

    def read_until(self, deadline: float) -> bytes:
        # A host takes a moment to answer: who reads first hears mostly that nothing is there yet.
        if not isinstance(self.sock, ssl.SSLSocket):
            self._wait(select.POLLIN, deadline)
        return self._in_time(partial(self.sock.recv, READ), select.POLLIN, deadline)

    def read_what_is_there(self) -> bytes:
        with suppress(OSError):
            return self.sock.recv(READ)
        return b""

    def is_quiet(self) -> bool:
        """Nothing has come that nobody has read, nor the end of the stream.

        Asked of a read and not of the kernel alone, since TLS may have octets that the kernel has
        not, and a ticket for another session is none of the host's words.  What is read so is lost.
        """
        try:
            self.sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        return False

    def say_and_go(self, data: bytes) -> None:
        """What nobody waits to have read."""
        with suppress(OSError):
            self._send(memoryview(data))
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.unwrap()  # sent; its answer is what would be waited for

    def secure(self, context: ssl.SSLContext, name: str, patience: float) -> ssl.SSLSocket:
        """TLS from here on.  Raises TlsError, OSError."""
        tls = self.sock = client.begin(self.sock, context, name)
        try:
            until = min(self.clock() + patience, self.deadline)
            self._in_time(tls.do_handshake, select.POLLIN, until)
        except TlsBrokenError as error:
            raise TlsError(str(error.strerror).removeprefix(_TLS)) from None
        return tls

    def close(self) -> None:
        self.sock.close()

    def _send(self, data: memoryview) -> int:
        if isinstance(self.sock, ssl.SSLSocket):
            return self.sock.send(data)  # it takes no flags; Python ignores SIGPIPE
        return self.sock.send(data, socket.MSG_NOSIGNAL)

    def _in_time(self, deed: Callable[[], _T], event: int, deadline: float) -> _T:
        """A deed that may have to wait for `event`; TLS may have octets that the kernel has not,
        and may want to hear before it speaks.
        """
        while True:
            if self.clock() >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            try:
                return deed()
            except BlockingIOError:
                self._wait(event, deadline)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, deadline)
            except ssl.SSLError as error:
                raise TlsBrokenError(errno.EPROTO, f"{_TLS}{trouble.why(error)}") from None

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self.sock, event)
        left = deadline - self.clock()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
