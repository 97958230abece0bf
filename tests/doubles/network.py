"""A network of its own for one command: loopback only, every port free.

Touches: processes, sockets.
"""

from __future__ import annotations

import subprocess
import sys

from tests.doubles.daemon import DEADLINE

_SCRIPT = """
ip link set lo up
for setting in $0; do echo "${setting#*=}" >"/proc/sys/net/${setting%%=*}"; done
exec "$@"
"""
_GREETING = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as sock:
    print(sock.recv(1000).decode())
"""


def own_network(**settings: int) -> list[str]:
    """What goes before a command.  `settings` are the kernel's, such as ipv6__bindv6only=1."""
    words = " ".join(f"{name.replace('__', '/')}={value}" for name, value in settings.items())
    return ["unshare", "--net", "sh", "-c", _SCRIPT, words]


def greeting(pid: int, address: str, port: int) -> str:
    """What is heard at this place in the network of that process."""
    enter = ["nsenter", "--net", "--target", str(pid), "--"]
    done = subprocess.run(
        [*enter, sys.executable, "-c", _GREETING, address, str(port)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    return (done.stdout or done.stderr).strip()
