from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAMS = ["pymta.supervisor.main", "pymta.local.main"]
CHILD = """
import os
import {program}
import threading  # others have imported it by now

lock = threading._active_limbo_lock
pid = os.fork()
if pid:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
assert threading._active_limbo_lock is lock, "the locks were made anew"
assert threading.current_thread() is threading.main_thread()
heard = []
other = threading.Thread(target=heard.append, args=("a word",))
other.start()
other.join(10)
assert heard == ["a word"]
assert threading.active_count() == 1
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_fork_does_no_work_for_threads_that_are_not_there(program: str) -> None:
    """And yet a child could start one."""
    done = run(CHILD.format(program=program))

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_where_threads_are_there_already_nothing_is_taken_from_them(program: str) -> None:
    done = run("import threading\n" + CHILD.format(program=program))

    assert done.returncode == 1
    assert "the locks were made anew" in done.stderr
