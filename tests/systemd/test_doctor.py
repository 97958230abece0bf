"""`pymta doctor` on a host that is well, and on one where a single thing is broken."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles import certificates
from tests.doubles.box import Box
from tests.doubles.certificates import Certificate
from tests.doubles.peers import CHECKOUT, command, knot_files
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

UNITS = ("pymta.socket", "pymta.service", "pymta-queue.timer", "pymta-tidy.timer")
DROP_IN = "/etc/systemd/system/pymta.service.d/broken.conf"
ZONES = {
    "example": "box A 192.0.2.1",
    "2.0.192.in-addr.arpa": "1 PTR box.example.",
}


def is_synchronized() -> bool:
    """What the kernel knows of the clock, which a box shares with the machine."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))) != 5


@pytest.fixture
def well(limited_box: Box) -> Iterator[Box]:
    """All that a host should have: units, a name in the DNS, a journal that lasts."""
    box = limited_box
    for name, text in knot_files("/dns", ZONES, "127.0.0.1@53").items():
        box.write(f"/dns/{name}", text)
    knot = box.start(*command("knotd", "--config", "/dns/knot.conf"))
    box.write("/etc/systemd/journald.conf.d/zzz.conf", "[Journal]\nStorage=persistent\n")
    box.run("systemctl", "restart", "systemd-journald")
    box.run("systemctl", "enable", "--now", *UNITS)
    box.wait_until("the DNS answers", lambda: "dns-dead" not in topics(box))
    yield box
    knot.kill()
    knot.communicate()


def findings(box: Box, *user: str) -> list[dict[str, Any]]:
    """But for the clock, which is the machine's."""
    done = box.run(*user, "pymta", "doctor", "--json", check=False)
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


def test_of_a_host_that_is_well_nothing_is_said(well: Box) -> None:
    assert findings(well) == []
