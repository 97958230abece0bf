"""The power goes while mail comes in and is delivered; real file systems, one and two of them.

What a file system had not synced is really gone.  tests/crash/test_stopped_anywhere.py goes through
every call; here nothing is simulated but the plug.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.peers import CHECKOUT

# Few machines have many loop devices.
pytestmark = [pytest.mark.root, pytest.mark.xdist_group("loop devices")]
LONG = [pytest.mark.long, pytest.mark.timeout(1800)]


def ordeal(directory: Path, rounds: int, disks: int, forgets: str = "nothing") -> dict[str, Any]:
    done = subprocess.run(
        [
            *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"),
            *(sys.executable, "-m", "tests.doubles.power_cut"),
            *(str(directory), str(rounds), str(disks), forgets),
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=LONG)])
@pytest.mark.parametrize("disks", [1, 2])
def test_no_message_is_lost_with_the_power(tmp_path: Path, disks: int, rounds: int) -> None:
    """Reliability, promises 1 and 2: spool and mailboxes on one disk, and each on its own."""
    found = ordeal(tmp_path, rounds, disks)

    print(f"{rounds} power cuts, {disks} file systems: {found}")
    assert found["acknowledged"] >= 5 * rounds
    assert found["lost"] == []
    assert found["twice"] == 0


@pytest.mark.parametrize(
    ("disks", "forgets"),
    [(2, "new"), pytest.param(1, "all", marks=pytest.mark.long)],
)
def test_a_daemon_that_does_not_sync_is_found_out(tmp_path: Path, disks: int, forgets: str) -> None:
    """So the test above can fail; with two disks, by the directory of a mailbox alone."""
    assert ordeal(tmp_path, 1, disks, forgets)["lost"]
