"""A new generation: validated in a child first, then the program replaced in place (HU-01…06).

The validating child reads the settings files and leaves `candidate.json` beside `current.json`.
Until it has said yes nothing changes; when it says no, its complaints are what the operator hears.

Touches: processes, descriptors, disk, clock.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymta.config.generation import candidate_file
from pymta.supervisor import handover
from pymta.supervisor.handover import Handover
from pymta.supervisor.signals import CAUGHT, Signals, unblock

PREVIOUS = "previous.json"
MOST_COMPLAINTS = 64_000  # bytes that the child may say
TIME_LIMIT = 60.0  # seconds; a file system that hangs must not leave a reload open for ever


class Validation:
    """The validating child at work; what it says goes to a memory file, so it never waits."""

    def __init__(self, current: Path, sockets: Sequence[tuple[str, int]] = ()) -> None:
        """Start it.  Raises OSError when there can be no more processes.

        `sockets` are role and port of those that systemd handed in, which no settings file names.
        """
        named = [f"--socket={role}:{port}" for role, port in sockets]
        self.deadline = time.monotonic() + TIME_LIMIT
        self._said = os.memfd_create("pymta-validation")
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-m", "pymta", "config", "accept", *named, str(current)],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, self._said, fd) for fd in (1, 2)],
                setsigmask=[signal.SIGUSR1],  # it asks a whole family what it does; not this one
                setsigdef=CAUGHT,
            )
        except OSError:
            os.close(self._said)
            raise

    @property
    def is_overdue(self) -> bool:
        return time.monotonic() >= self.deadline

    def complaints(self) -> tuple[str, ...]:
        """What it said in all, a line each; asked once, when it is dead."""
        text = os.pread(self._said, MOST_COMPLAINTS, 0).decode("utf-8", "replace")
        os.close(self._said)
        return tuple(line for line in text.split("\n") if line.strip())


def adopt_candidate(current: Path) -> None:
    """What was validated becomes what serves; the former generation is kept beside it.

    Raises OSError; what serves has not changed then.
    """
    previous = current.with_name(PREVIOUS)
    previous.unlink(missing_ok=True)
    previous.hardlink_to(current)
    candidate_file(current).replace(current)


def restore_previous(current: Path) -> None:
    """The exec failed: the old image goes on, with the old generation.  Raises OSError."""
    current.with_name(PREVIOUS).replace(current)


def reexec(
    program: str,
    current: Path,
    table: Handover,
    notify_environment: Mapping[str, str],
    signals: Signals,
) -> OSError:
    """Replace this program by a fresh image of it; returns only when that failed, and why.

    `program` is the interpreter that runs it (HU-02); by `notify_environment` it finds the manager.
    """
    try:
        fd = handover.leave(table)
    except OSError as error:
        return error
    environment = {**os.environ, **notify_environment, handover.VARIABLE: str(fd)}
    signals.leave_to_next_image()
    try:
        os.execve(program, command(program, current), environment)
    except OSError as error:
        unblock()
        os.close(fd)
        for kept in table.descriptors():
            os.set_inheritable(kept, False)
        return error


def command(program: str, current: Path) -> list[str]:
    """How this program is started: the interpreter, and where its settings lie."""
    return [program, "-P", "-m", "pymta.supervisor.main", str(current)]
