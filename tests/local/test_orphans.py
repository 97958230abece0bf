"""What a command leaves behind is ended, and what cannot be ended is not waited for."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pymta.channel.life import live_and_leave
from pymta.local.orphans import ended_afterwards

NOBODY = 65534
LIMIT = 10  # seconds; SIGALRM then ends what waits


def in_a_process(life: Callable[[], None]) -> int:
    """Its exit status, or the number of the signal that has ended it, negative."""

    def limited() -> int:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT)
        life()
        return 0

    if not (pid := os.fork()):
        live_and_leave(limited)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def asleep() -> int:
    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid


@pytest.mark.root
def test_who_has_become_another_user_is_not_waited_for_and_the_others_end() -> None:
    """Otherwise a command that has done its work would be run again, for want of its answer."""
    read, write = os.pipe()

    def leave_both() -> None:
        with ended_afterwards():
            beyond_us = asleep()
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(write, f"{beyond_us} {asleep()}".encode())

    try:
        status = in_a_process(leave_both)
        beyond_us, ours = map(int, os.read(read, 100).split())
        try:
            assert status == 0
            assert not Path("/proc", str(ours)).exists()
        finally:
            os.kill(beyond_us, signal.SIGKILL)
    finally:
        os.close(read)
        os.close(write)
