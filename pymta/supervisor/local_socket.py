"""The socket for users of this machine, where no unit makes it: in the file system, for everybody.

Who calls is asked of the kernel, so its mode keeps nobody out.  A file that a dead daemon left
behind is replaced, anything else that lies there is not.

Touches: sockets, disk.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import stat
from pathlib import Path

from pymta.mail.caller import LocalSocket
from pymta.supervisor.listener import LocalListener

BACKLOG = 128
EVERYBODY = 0o666


def listen(path: str) -> LocalListener:
    """Bind it.  Raises OSError, with a text for people."""
    _make_way(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        Path(path).chmod(EVERYBODY)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return LocalListener(sock.detach(), LocalSocket(path))


def remove(listener: LocalListener) -> None:
    """Take its name away, so that a caller hears at once that nobody is there."""
    with contextlib.suppress(OSError):
        path = Path(listener.at.path)
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()


def _make_way(path: str) -> None:
    """Raises OSError when something lies there that somebody may miss."""
    try:
        mode = Path(path).lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "something else than a socket lies there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        # A full backlog means that somebody listens.
        if probe.connect_ex(path) in {0, errno.EAGAIN}:
            raise OSError(errno.EADDRINUSE, "another program listens there")
    Path(path).unlink()
