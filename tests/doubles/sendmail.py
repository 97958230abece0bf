"""sendmail(1) as programs call it: the launcher's words, in a process of its own.

Touches: processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.doubles.daemon import DEADLINE
from tests.doubles.peers import CHECKOUT

START = "from pymta.cli.sendmail import start; start()"


def command(*words: str, name: str = "sendmail") -> list[str]:
    """As packaging/install has it, but of this checkout."""
    return [sys.executable, "-S", "-P", "-c", START, f"/usr/sbin/{name}", *words]


def environment(socket: Path, wait: float = DEADLINE) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(CHECKOUT),
        "PYMTA_SUBMIT_SOCKET": str(socket),
        "PYMTA_SUBMIT_WAIT": str(wait),
    }


def run(
    socket: Path,
    *words: str,
    text: str | bytes = "hi\n",
    wait: float = DEADLINE,
    before: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Hand in `text`; `before` are words before the command."""
    done = subprocess.run(
        [*before, *command(*words)],
        input=text.encode() if isinstance(text, str) else text,
        env=environment(socket, wait),
        capture_output=True,
        timeout=2 * DEADLINE,
        check=False,
    )
    out, err = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)
