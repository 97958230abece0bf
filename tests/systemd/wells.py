"""Hosts that are well, for the doctor; tests of a module share one for each systemd.

A test that only looks leaves a host as it is.  What has changed one says so (`spoilt`), and it is
put right before the next test that wants it well.  A drop-in that takes the place of another needs
no putting right between them (`edited`).

Touches: processes.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from contextlib import ExitStack
from enum import Enum, auto
from pathlib import Path
from typing import Any

from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT

UNITS = (
    "pymta.socket",
    "pymta-local.socket",
    "pymta.service",
    "pymta-queue.timer",
    "pymta-tidy.timer",
)
DROP_IN = "/etc/systemd/system/pymta.service.d/broken.conf"
NAMES = Path(__file__).with_name("names.py")
PYTHON = "PYTHONPATH=/usr/lib/pymta/current"
_PUT_RIGHT = f"""
systemctl stop pymta.socket pymta-submission.socket pymta.service
systemctl disable pymta-submission.socket
umount /var/lib/pymta/spool
rm -rf {DROP_IN} /etc/pymta/pymta.toml /etc/pymta/tls /etc/pymta/tls.old
systemctl daemon-reload
systemctl reset-failed
""".replace("\n", " 2>/dev/null;")


class State(Enum):
    WELL = auto()
    EDITED = auto()
    SPOILT = auto()


class Wells:
    """`boot` makes the box of a release of systemd."""

    def __init__(self, boot: Callable[[str, ExitStack], Box]) -> None:
        self._boot = boot
        self._boxes: dict[str, Box] = {}
        self._states: dict[str, State] = {}
        self.stack = ExitStack()

    def get(self, tree: str, *, to_edit: bool = False) -> Box:
        """One that is well, or, `to_edit`, has a drop-in at most."""
        if tree not in self._boxes:
            self._boxes[tree] = box = self._boot(tree, self.stack)
            box.write("/etc/systemd/journald.conf.d/zzz.conf", "[Journal]\nStorage=persistent\n")
            box.run("systemctl", "restart", "systemd-journald")
            box.run("journalctl", "--flush")
            self._start(box)
        elif self._states[tree] not in ({State.WELL, State.EDITED} if to_edit else {State.WELL}):
            self._boxes[tree].run("sh", "-c", f"{_PUT_RIGHT} :")
            self._start(self._boxes[tree])
        self._states[tree] = State.EDITED if to_edit else State.WELL
        return self._boxes[tree]

    def spoil(self, tree: str) -> None:
        self._states[tree] = State.SPOILT

    @staticmethod
    def _start(box: Box) -> None:
        done = box.run("systemctl", "enable", "--now", *UNITS, check=False)
        assert done.returncode == 0, box.journal(40)
        if box.run("systemctl", "is-active", "names.service", check=False).returncode:
            names = ("systemd-run", "--quiet", "--unit=names", f"--setenv={PYTHON}")
            box.run(*names, "/usr/bin/python3", str(NAMES), str(CHECKOUT))
            box.wait_until("the DNS answers", lambda: "dns-dead" not in topics(box))


def is_synchronized() -> bool:
    """What the kernel knows of the clock, which a box shares with the machine."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))) != 5


def findings(box: Box, *user: str) -> list[dict[str, Any]]:
    """But for the clock, which is the machine's."""
    done = box.run(*user, "pymta", "doctor", "--json", check=False)
    assert done.stdout.startswith("{"), done.stdout
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    is_faulty = any(one["weight"] == "fault" for one in found)
    assert done.returncode == (1 if is_faulty else 0), done.stdout
    clock = [one for one in found if one["topic"] == "clock-unsynchronized"]
    assert len(clock) == (0 if is_synchronized() else 1)
    return [one for one in found if one not in clock]


def topics(box: Box) -> list[str]:
    return [one["topic"] for one in findings(box)]


def the_one(box: Box) -> dict[str, Any]:
    (one,) = findings(box)
    return one


def drop_in(box: Box, text: str, *, restart: bool = True) -> None:
    box.write(DROP_IN, f"[Service]\n{text}\n")
    box.run("systemctl", "daemon-reload")
    if restart:
        box.run("systemctl", "restart", "pymta.service")
