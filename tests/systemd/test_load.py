"""Load and pressure as a unit of ours can read them, which hides most of /proc (ProcSubset=pid)."""

from __future__ import annotations

import os

import pytest

from tests.doubles.box import Box
from tests.systemd import mta

pytestmark = pytest.mark.root

BUSY = "for n in 1 2; do while :; do :; done & done; wait"


def journal(box: Box) -> str:
    return box.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")


def test_the_load_and_the_pressure_are_known_in_the_unit(box: Box) -> None:
    limits = "{ cpu = 100, memory = 100, io = 100 }"
    mta.settings(box, f"smtp_load_reserve = 100000\nsmtp_pressure_reserve = {limits}\n")
    box.run("systemctl", "start", "pymta.service")

    assert mta.greeting(box).startswith("220 ")
    assert "has no effect" not in journal(box)


def test_a_machine_under_pressure_puts_callers_off(box: Box) -> None:
    """The kernel works an average out every two seconds."""
    mta.settings(box, "smtp_pressure_reserve = 1\n")
    box.run("systemctl", "start", "pymta.service")
    one = min(os.sched_getaffinity(0))  # they wait for each other, and leave the others alone
    box.run("systemd-run", "--unit=busy", f"--property=CPUAffinity={one}", "sh", "-c", BUSY)
    refusal = "421 Too much load; please try again later."
    box.wait_until("callers are put off", lambda: mta.greeting(box) == refusal, seconds=40)
    box.run("systemctl", "stop", "busy")
    assert "Connection from [127.0.0.1] refused: pressure cpu = " in journal(box)


def test_where_pressure_cannot_be_read_the_start_says_so(box: Box) -> None:
    mta.settings(box, 'smtp_pressure_reserve = 0\npressure_directory = "/proc/pressure"\n')
    box.run("systemctl", "start", "pymta.service")

    assert mta.greeting(box).startswith("220 ")
    text = "smtp_pressure_reserve has no effect: pressure cpu cannot be read here"
    assert text in journal(box)
