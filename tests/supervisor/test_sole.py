from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pymta.supervisor import sole

HOLD = (
    "import sys; from pymta.supervisor import sole;"
    " print(sole.take(sys.argv[1]), flush=True); sys.stdin.read()"
)


def test_there_is_one_and_it_is_known(tmp_path: Path) -> None:
    state = str(tmp_path)
    assert sole.holder(state) == 0
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, state],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "True\n"

        assert sole.holder(state) == other.pid
        assert not sole.take(state)
        assert sole.holder(state) == other.pid
        other.kill()
    assert sole.holder(state) == 0


def test_a_child_does_not_hold_it(tmp_path: Path) -> None:
    """A worker that outlives a killed daemon keeps no new one from starting."""
    pid = os.fork()
    if not pid:
        taken = sole.take(str(tmp_path))
        child = os.fork()
        if not child:
            signal.pause()
        (tmp_path / "child").write_text(str(child))
        os._exit(0 if taken else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    try:
        assert sole.holder(str(tmp_path)) == 0
    finally:
        os.kill(int((tmp_path / "child").read_text()), 9)


def test_a_directory_that_was_never_used_has_none(tmp_path: Path) -> None:
    assert sole.holder(str(tmp_path / "absent")) == 0
