"""The box itself: a real systemd that keeps to itself and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.doubles import box as boxes
from tests.doubles import cgroups
from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT

pytestmark = pytest.mark.root


def alive(pid: int) -> bool:
    """A zombie is dead: not every machine's process 1 is quick to collect it."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_process_1_is_a_systemd_that_runs_units(bare_box: Box) -> None:
    unit = "[Service]\nType=oneshot\nExecStart=/bin/echo a line of its own\n"
    bare_box.write("/etc/systemd/system/once.service", unit)
    bare_box.run("systemctl", "daemon-reload")
    bare_box.run("systemctl", "start", "once.service")
    assert bare_box.says("journalctl", "-u", "once", "-o", "cat", "-t", "echo") == (
        "a line of its own"
    )


def test_a_command_gives_its_output_and_exit_status(bare_box: Box) -> None:
    done = bare_box.run("sh", "-c", "cat; echo err >&2; exit 3", stdin="in ", check=False)
    assert (done.returncode, done.stdout) == (3, "in err\n")
    with pytest.raises(AssertionError, match=r"exit status 1\s+why"):
        bare_box.run("sh", "-c", "echo why; exit 1")


def test_a_command_that_hangs_is_ended(bare_box: Box) -> None:
    done = bare_box.run("sh", "-c", "trap '' TERM; sleep 60", timeout=0.2, check=False)
    assert done.returncode in {124, 137, -signal.SIGKILL}


def test_what_a_box_writes_stays_in_it(bare_box: Box, tmp_path: Path) -> None:
    bare_box.write("/etc/pymta-box-was-here", "x")
    bare_box.write(str(tmp_path / "here"), "x")
    assert not Path("/etc/pymta-box-was-here").exists()
    assert not (tmp_path / "here").exists()
    assert bare_box.run("touch", str(CHECKOUT / "here"), check=False).returncode != 0


def test_two_boxes_have_networks_of_their_own(bare_box: Box, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = Box(tmp_path / "second")
    try:
        listen = "[Socket]\nListenStream=25\nAccept=yes\n"
        for one in (bare_box, second):
            one.write("/etc/systemd/system/smtp.socket", listen)
            one.write("/etc/systemd/system/smtp@.service", "[Service]\nExecStart=/bin/true\n")
            one.run("systemctl", "daemon-reload")
            one.run("systemctl", "start", "smtp.socket")
    finally:
        second.stop()
    assert bare_box.says("systemctl", "is-active", "smtp.socket") == "active"


def test_a_stopped_box_leaves_no_process_and_no_cgroup(able: None, tmp_path: Path) -> None:
    box = Box(tmp_path)
    loose = box.start("sleep", "600")
    box.stop()
    assert loose.wait(10) != 0
    loose.communicate()
    assert not alive(box._pid)
    assert not any(directory.exists() for directory in box._cgroups.directories)


def test_a_box_ends_with_its_killed_maker(able: None, tmp_path: Path) -> None:
    maker = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.doubles.box import Box\n"
        "box = Box(Path(sys.argv[1]))\n"
        "print(box._pid, *box._cgroups.directories, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", maker, str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    pid, cgroup = done.stdout.split()
    end = time.monotonic() + 10
    while alive(int(pid)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive(int(pid))
    cgroups.sweep(Path(cgroup).parent)
    assert not Path(cgroup).exists()


def test_who_is_not_root_hears_why_there_is_no_box() -> None:
    assert boxes.why_impossible(1000) == "a booted systemd needs root"
