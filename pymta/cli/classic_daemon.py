"""A daemon on the classic command line: -bd, -bdf, -bw, -q with a time.

Touches: descriptors, environment, disk.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from pymta.cli.classic_line import Serve
from pymta.cli.command_error import CommandError
from pymta.cli.start import daemon_machine, has_sockets, start_daemon

FIRST = 3  # where handed-in sockets begin (sd_listen_fds(3))
FAILED = 1


def serve(job: Serve, environ: Mapping[str, str]) -> NoReturn:
    """Become the daemon.  Raises CommandError, ConfigError or OSError while nothing has begun."""
    launch = job.launch
    if launch.pid_file and not launch.pid_file.startswith("/"):
        raise CommandError(f"pid file path {launch.pid_file} must be absolute", FAILED)  # N-21
    if has_sockets(environ) and (launch.ports or launch.interfaces):
        raise CommandError("-oX contradicts the sockets that systemd hands in", FAILED)
    if launch.inherits_listener and not has_sockets(environ):
        _hand_in_descriptor_0()
    file = Path(job.settings_file) if job.settings_file else None
    start_daemon(daemon_machine(file, os.environ), launch)


def _hand_in_descriptor_0() -> None:
    """What inetd listens on, passed on the way systemd does it; clients never get number 0 (N-11).

    Raises CommandError when it is no listening socket.
    """
    if not _is_listening(0):
        raise CommandError("-bw: descriptor 0 is no listening socket", FAILED)
    os.dup2(0, FIRST, inheritable=True)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}


def _is_listening(fd: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return False
    with socket.socket(fileno=os.dup(fd)) as sock:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
