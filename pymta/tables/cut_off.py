"""An end to a call into a library that may have none: the sockets that it has made are shut.

libldap (2.5 with GnuTLS) asks again and again, for ever and as fast as it can, in the handshake of
TLS with a server that says nothing, whatever its time-outs are.

Touches: threads, sockets, /proc.
"""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

FDS = "/proc/self/fd"


@contextmanager
def cut_off(seconds: float) -> Iterator[None]:
    """Whatever the block has begun to call by then is gone, and so again after as long.

    Nobody else may make sockets meanwhile.  The call has to let other threads run.
    """
    before, is_over = _sockets(), threading.Event()

    def watch() -> None:
        while not is_over.wait(seconds):
            for fd in _sockets() - before:
                _shut(fd)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _sockets() -> frozenset[int]:
    """Those that this process has open."""
    found = set()
    for name in os.listdir(FDS):  # noqa: PTH208 - numbers, not paths
        with suppress(OSError):  # that of the listing itself
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.add(int(name))
    return frozenset(found)


def _shut(fd: int) -> None:
    """It stays open, for whoever has it to close."""
    with suppress(OSError), closing(socket.socket(fileno=os.dup(fd))) as sock:
        sock.shutdown(socket.SHUT_RDWR)
