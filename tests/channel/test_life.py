"""A forked child ends where it was told to, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pymta.channel.life import BUG, Life, live_and_leave


def fails() -> int:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize(
    ("life", "status"),
    [pytest.param(lambda: 3, 3, id="it ends"), pytest.param(fails, BUG, id="it fails")],
)
def test_the_exit_status_is_what_the_life_gave(life: Life, status: int) -> None:
    pid = os.fork()
    if not pid:
        live_and_leave(life)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status


_NOBODY_READS = """
import os
from pymta.channel.life import live_and_leave

def fails():
    raise RuntimeError("a mistake of ours")

read, write = os.pipe()
os.close(read)
os.dup2(write, 2)
pid = os.fork()
try:
    if not pid:
        live_and_leave(fails)
finally:
    if not pid:
        print("the child has climbed up", flush=True)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_child_that_cannot_even_complain_leaves_all_the_same() -> None:
    """Standard error was a pipe, and its reader has gone: the complaint fails as well."""
    done = subprocess.run(
        [sys.executable, "-c", _NOBODY_READS], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{BUG}\n"
