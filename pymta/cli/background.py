"""Into the background, with somebody who waits to hear how it went (BG-01, BG-02, BL-10).

The classic daemon's command returns 0 before anything is bound.  Ours returns when the daemon
serves, or with the line that says why it cannot: the child has a pipe to it until then.

Touches: processes, descriptors.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from pymta.cli.command_error import CommandError
from pymta.supervisor import birth

LONGEST_LINE = 8192  # bytes
SILENT = "the daemon ended before it served; its log may say why"


def outcome(said: bytes) -> tuple[int, str]:
    """Exit status and line of the command, from what came through the pipe."""
    if said == birth.SERVES:
        return 0, ""
    return 1, said.decode("utf-8", "replace") or SILENT


def detach(keep: Iterable[int]) -> int:
    """Return in the background, as the leader of a new session; the descriptor to report to.

    The command that was typed never returns from here: it waits, and ends.  `keep` are the
    descriptors above 2 that the daemon needs.  Raises CommandError when there is no process.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        pid = os.fork()
    except OSError as error:
        text = f"fork() failed when starting daemon: {error.strerror}"
        raise CommandError(text, os.EX_OSERR) from error
    if pid:
        os.close(write)
        _wait(read)
    os.setsid()
    _forget_terminal((write, *keep))
    os.set_inheritable(write, True)
    return write


def _wait(read: int) -> None:
    """The part of the command that was typed: never returns."""
    said = b""
    while block := os.read(read, LONGEST_LINE):
        said += block
    status, line = outcome(said)
    if line:
        sys.stderr.write(f"pymta: {line}\n")
        sys.stderr.flush()
    os._exit(status)


def _forget_terminal(keep: Iterable[int]) -> None:
    """The null device on 0 to 2, so that no client's socket lands there; else only `keep`."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    below = 3
    for fd in sorted(keep):
        os.closerange(below, fd)
        below = fd + 1
    os.closerange(below, os.sysconf("SC_OPEN_MAX"))
