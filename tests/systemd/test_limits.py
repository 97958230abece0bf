"""A limit of the unit on processes, held by the kernel: what callers see, and what the log says."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

EIGHT = "/etc/systemd/system/pymta.service.d/eight.conf"


def test_callers_beyond_the_limit_of_tasks_hear_421_and_the_daemon_goes_on(
    limited_box: Box,
) -> None:
    """Check 21, CP-02: eight processes, the supervisor among them; then the others' turn."""
    box = limited_box
    box.write(EIGHT, "[Service]\nTasksMax=8\n")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "pymta.service")
    pid = mta.shows(box, "MainPID")

    calls = [mta.Talk(box) for _ in range(12)]
    greetings = [call.greeting[:4] for call in calls]
    assert greetings == ["220 "] * 7 + ["421 "] * 5
    assert mta.shows(box, "MainPID") == pid
    for call in calls[:7]:
        assert call.say("NOOP").startswith("250")
        assert call.say("QUIT").startswith("221")
    for call in calls:
        call.end()

    box.wait_until("they are gone", lambda: "0/20 connections" in mta.shows(box, "StatusText"))
    again = [mta.Talk(box) for _ in range(7)]
    assert [call.greeting[:4] for call in again] == ["220 "] * 7
    for call in again:
        call.say("QUIT")
        call.end()
    assert mta.shows(box, "MainPID") == pid


def test_a_limit_of_tasks_below_the_settings_is_told_at_the_start(limited_box: Box) -> None:
    """Check 21: the shipped one is enough for the default settings."""
    box = limited_box
    box.run("systemctl", "start", "pymta.service")
    assert "TasksMax=" not in told(box)

    mta.settings(box, "smtp_accept_max = 4000\n")
    box.run("systemctl", "restart", "pymta.service")
    assert "smtp_accept_max = 4000" in told(box)
    assert "TasksMax=" in told(box)


def told(box: Box) -> str:
    return box.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
