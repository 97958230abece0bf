"""Clients on the socket for users of this machine.

Touches: processes, sockets.
"""

from __future__ import annotations

import json
import smtplib
import socket
import subprocess
from pathlib import Path

from tests.doubles.daemon import DEADLINE

_TALK = """
import json, os, socket, sys
path, uid, gid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([])
os.setresgid(gid, gid, gid)
os.setresuid(uid, uid, uid)
with socket.socket(socket.AF_UNIX) as sock:
    sock.settimeout(20)
    sock.connect(path)
    file = sock.makefile("rw", newline="")
    for line in ["", *json.load(sys.stdin)]:
        if line:
            file.write(line + "\\r\\n")
            file.flush()
        said = file.readline()
        while said[3:4] == "-":
            sys.stdout.write(said)
            said = file.readline()
        sys.stdout.write(said)
"""


class LocalSmtp(smtplib.SMTP):
    """smtplib over AF_UNIX."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(str(path), 25, "client.test", timeout=DEADLINE)

    def _get_socket(self, host: str, _port: int, timeout: float) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(host)
        return sock


def talk_as(uid: int, path: Path | str, *lines: str, gid: int = 65534) -> list[str]:
    """What is heard by a process of this user that says these lines, one after each reply."""
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", _TALK, str(path), str(uid), str(gid)],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
