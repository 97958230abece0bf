"""first_greeting.py PORT UNIT…: prints the seconds from `systemctl start` to the first greeting.

It runs inside a box, and calls from the beginning: a socket of systemd takes the call at once, all
others refuse it until the server listens.

Touches: processes, sockets, clock, standard output.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Sequence

PATIENCE, PAUSE = 30.0, 0.001  # seconds


def main(port: int, units: Sequence[str]) -> None:
    began = time.monotonic()
    with subprocess.Popen(["systemctl", "start", *units]) as systemctl:
        greeting = b""
        while not greeting.startswith(b"220"):
            if time.monotonic() - began > PATIENCE:
                sys.exit(f"no greeting within {PATIENCE} s")
            greeting = heard(port)
        took = time.monotonic() - began
    if systemctl.returncode:
        sys.exit(f"systemctl: exit status {systemctl.returncode}")
    print(took)


def heard(port: int) -> bytes:
    """What a caller hears first; nothing when nobody takes the call."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
            return sock.recv(512)
    except ConnectionError:
        time.sleep(PAUSE)
        return b""


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
