"""Queue runs of a machine: units of named queues, the timer beside the alarm, the daemon's own."""

from __future__ import annotations

import re

import pytest

from tests.doubles.box import Box
from tests.systemd import mta

pytestmark = pytest.mark.root

QUEUED = 'queue_only = true\nqueue_name = "slow"\n'


def queue_lines(box: Box) -> list[str]:
    """What runs say of themselves, whatever unit they belong to; without times and pids."""
    told = box.says("journalctl", "--no-pager", "-o", "cat", "-t", "pymta")
    return [re.sub(r"=\d+", "", line) for line in told.splitlines() if "queue run: pid" in line]


def test_a_template_unit_serves_a_named_queue(box: Box) -> None:
    """N-16: the unit of the default queue leaves it alone."""
    mta.settings(box, QUEUED)
    box.run("systemctl", "start", "pymta.socket")
    message = mta.send(box)
    box.run("systemctl", "start", "pymta-queue.service")
    assert box.says("systemctl", "show", "-P", "ConditionResult", "pymta-queue") == "no"
    assert mta.mailbox(box) == []

    box.run("systemctl", "enable", "--now", "pymta-named-queue@slow.timer")
    box.run("systemctl", "start", "pymta-named-queue@slow.service")

    assert len(mta.wait_for_mail(box)) == 1
    assert " Q=slow" in mta.story(box, message)
    assert queue_lines(box) == ["Start 'slow' queue run: pid", "End 'slow' queue run: pid"]
    box.run("systemctl", "start", "pymta-named-queue@slow.service")
    assert box.says("systemctl", "show", "-P", "ConditionResult", "pymta-named-queue@slow") == "no"

    box.run(str(mta.INSTALL), "--remove")
    assert mta.shows(box, "LoadState", "pymta-named-queue@slow.timer") == "not-found"


def test_where_timer_and_alarm_are_both_on_a_tick_is_spared(box: Box) -> None:
    """A run of the timer's unit, and then a reload, which makes the alarm due at once (QR-01)."""
    mta.settings(box, 'queue_only = true\nqueue_run_interval = "1h"\n')
    box.run("systemctl", "start", "pymta.service")
    box.wait_until("the first run", lambda: "End queue run: pid" in queue_lines(box))
    mta.send(box)

    box.run("systemctl", "start", "pymta-queue.service")
    assert len(mta.wait_for_mail(box)) == 1
    box.run("systemctl", "reload", "pymta.service")
    box.wait_until("no run goes on", lambda: "queue run" not in mta.shows(box, "StatusText"))

    assert queue_lines(box) == ["Start queue run: pid", "End queue run: pid"] * 2


def test_the_timer_may_have_the_daemon_do_it(box: Box) -> None:
    """QR-03: `--via-daemon` in the unit, for those who want queue_run_max to count it."""
    mta.settings(box, "queue_only = true\n")
    box.write(
        "/etc/systemd/system/pymta-queue.service.d/via-daemon.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/pymta queue run --via-daemon\n",
    )
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "pymta.service")
    mta.send(box)
    box.run("systemctl", "start", "pymta-queue.service")
    assert len(mta.wait_for_mail(box)) == 1
    started = box.says("journalctl", "--no-pager", "-o", "cat", "-u", "pymta", "PYMTA_BY=command")
    assert "Start queue run" in started

    box.run("systemctl", "stop", "pymta.socket", "pymta.service")
    box.run("systemctl", "start", "pymta.service")
    mta.send(box)
    box.run("systemctl", "stop", "pymta.socket", "pymta.service")
    box.run("systemctl", "start", "pymta-queue.service")
    assert len(mta.wait_for_mail(box, 2)) == 2
