"""A process that `warm` has forked cannot be told from one that was started, by what it may ask."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import warm

PROBE = """
import json, os, resource, signal, sys
def said(name):
    with open(f"/proc/self/{name}", "rb") as file:
        return file.read().decode().rstrip("\\0").split("\\0")
fds = []
for fd in range(50):
    try:
        fds.append([fd, os.readlink(f"/proc/self/fd/{fd}")])
    except OSError:
        pass
print(json.dumps({
    "argv": sys.argv, "cmdline": said("cmdline"), "comm": said("comm"), "fds": fds[1:],
    "environ": sorted(text for text in said("environ") if text[:2] == "X_"),
    "variables": [os.environ.get("X_MARK"), os.environ.get("LISTEN_FDNAMES")],
    "handed": os.environ.get("LISTEN_PID") == str(os.getpid()),
    "parent": os.getppid(), "group": os.getpgid(0), "session": os.getsid(0), "cwd": os.getcwd(),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE), "name": __name__, "streams":
        [stream.fileno() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "signals": [str(signal.getsignal(n)).split(" at ")[0] for n in sorted(signal.valid_signals())],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())), "umask": os.umask(0),
}))
sys.exit(7)
"""


def told(path: Path, *, is_cold: bool) -> tuple[dict[str, Any], int]:
    words = [*warm.GUARD, sys.executable, "-P", "-c", PROBE, "one", "two words"]
    with socket.socket() as sock, path.open("w") as out:
        process = warm.Popen(
            words,
            cold=is_cold,
            handed_in=[("smtp", sock.fileno())],
            env=os.environ | {"X_MARK": "here"},
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
        )
        status = process.wait(60)
    told: dict[str, Any] = json.loads(path.read_text())
    told["fds"] = [[fd, what.partition(":")[0]] for fd, what in told["fds"]]
    return told, status


def test_it_finds_what_a_started_one_finds(tmp_path: Path) -> None:
    started, forked = (told(tmp_path / "told", is_cold=is_cold) for is_cold in (True, False))

    assert started == forked
    assert forked[1] == 7
    assert forked[0]["environ"] == ["X_MARK=here"]
    assert forked[0]["parent"] == os.getpid()


@pytest.mark.parametrize("is_cold", [True, False])
def test_who_started_it_waits_for_it(is_cold: bool) -> None:
    words = [sys.executable, "-P", "-c", "import sys; print(sys.stdin.read()); 1 / 0"]
    process = warm.Popen(words, cold=is_cold, stdin=-1, stdout=-1, stderr=-1, text=True)
    out, err = process.communicate("hi", 60)
    assert (process.returncode, out) == (1, "hi\n")
    assert "ZeroDivisionError" in err

    sleeper = warm.Popen([sys.executable, "-P", "-c", "import time; time.sleep(60)"], cold=is_cold)
    assert sleeper.poll() is None
    sleeper.send_signal(signal.SIGTERM)
    assert sleeper.wait(60) == -signal.SIGTERM
