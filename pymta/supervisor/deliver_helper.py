"""A helper for system users of our own, where root has started us and no unit has one.

It must be root for good, so it is started before we give that up; it is no child of ours, since we
could not even signal it.  What ties it to us is a pipe: its end of it closes with us, however we
end, and over a reload it stays.  So it serves until the daemon stops, by the program and the
settings that stood there at the start.

Touches: processes, sockets, disk, environment.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from pymta.accounts.account import ROOT
from pymta.channel.control import address_in
from pymta.channel.life import close_all_but, live_and_leave
from pymta.config.settings import Settings
from pymta.supervisor.find_listeners import CannotStartError
from pymta.supervisor.signals import CAUGHT

PROGRAM = "pymta.local.main"
LEASH = "PYMTA_LEASH"  # see `pymta.local.main`
SOCKET = 3  # the first that sd_listen_fds(3) hands in
BACKLOG = 128


def is_wanted(settings: Settings) -> bool:
    """Only root can start one, and only for whom it is configured."""
    return settings.routing.local_users and os.getuid() == ROOT


def start(settings: Settings) -> int:
    """Our end of the pipe.  Raises CannotStartError.

    Called as the account that we become: the socket is to be its own.
    """
    path = Path(settings.machine.deliver_socket)
    try:
        listener = _listen(path)
    except OSError as error:
        raise CannotStartError(f"{path}: {error.strerror}") from error
    theirs, ours = os.pipe()
    try:
        with listener:
            peer = str(os.geteuid())
            _start_apart(listener.fileno(), theirs, peer, settings.machine.config_file)
    finally:
        os.close(theirs)
    return ours


def _listen(path: Path) -> socket.socket:
    """For its owner alone; the umask is that of a daemon."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with address_in(path.parent, path.name) as where:
            with suppress(FileNotFoundError):
                os.unlink(where)  # noqa: PTH108 - left by a daemon that was killed
            sock.bind(where)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _start_apart(listener: int, leash: int, peer: str, file: str) -> None:
    """As a process whose parent is gone at once, so that nobody has to bury it.

    Raises CannotStartError, OSError.
    """
    pid = os.fork()
    if not pid:
        live_and_leave(lambda: _fork_again(listener, leash, peer, file))
    if os.waitpid(pid, 0)[1]:
        raise CannotStartError("the delivery helper could not be started")


def _fork_again(listener: int, leash: int, peer: str, file: str) -> int:
    if not os.fork():
        live_and_leave(lambda: _become(listener, leash, peer, file))
    return 0


def _become(listener: int, leash: int, peer: str, file: str) -> NoReturn:
    """Root again in every respect, with two descriptors and a socket where systemd puts it."""
    os.seteuid(ROOT)
    os.setgroups([])
    os.setresgid(ROOT, ROOT, ROOT)
    os.setresuid(ROOT, ROOT, ROOT)
    os.setsid()
    for number in CAUGHT:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    leash = os.dup(leash) if leash == SOCKET else leash
    os.dup2(listener, SOCKET)
    for fd in (SOCKET, leash):  # dup2 leaves alone what is in its place already
        os.set_inheritable(fd, True)
    close_all_but((SOCKET, leash))
    environment = os.environ | {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": "1",
        LEASH: str(leash),
    }
    program = [sys.executable, "-P", "-m", PROGRAM, peer, file]
    os.execve(sys.executable, program, environment)
