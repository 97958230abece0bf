"""What systemd knows of the daemon, and what it does when it hears nothing more."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_252, ON_BOTH

pytestmark = [pytest.mark.root, ON_252]

DROP_IN = "/etc/systemd/system/{}.service.d/test.conf"


def change_unit(box: Box, text: str, unit: str = "pymta") -> None:
    box.write(DROP_IN.format(unit), f"[Service]\n{text}")
    box.run("systemctl", "daemon-reload")


def test_the_status_names_listeners_calls_and_queue(box: Box) -> None:
    """Check 15"""
    mta.settings(box, 'queue_only = true\nqueue_run = "timer"\n')
    box.run("systemctl", "start", "pymta.service")
    assert mta.shows(box, "Type") == "notify"

    def shows(part: str) -> None:
        box.wait_until(part, lambda: part in mta.shows(box, "StatusText"))

    shows("listening for SMTP on port 25 (IPv6 with IPv4); 0/20 connections, 0/20 deliveries")
    shows(" 0 queued; configuration 1")
    talk = mta.Talk(box)
    shows("; 1/20 connections")
    talk.say("QUIT")
    talk.end()
    shows("; 0/20 connections")


def test_a_daemon_that_stands_still_is_started_anew_and_leaves_a_traceback(box: Box) -> None:
    """Check 16"""
    change_unit(box, "WatchdogSec=2s\nRestartSec=200ms\n")
    box.run("systemctl", "start", "pymta.service")
    pid = mta.shows(box, "MainPID")

    box.run("sh", "-c", f"kill -STOP {pid}")  # a small machine has no kill(1)
    box.wait_until(
        "another one serves",
        lambda: (
            mta.shows(box, "MainPID") not in {pid, "0"}
            and mta.shows(box, "ActiveState") == "active"
        ),
    )

    told = box.says("journalctl", "--no-pager", "-o", "cat", "-u", "pymta")
    assert "Watchdog timeout" in told
    assert "Fatal Python error: Aborted" in told
    assert "in _turn" in told
    assert mta.greeting(box).startswith("220 ")


def test_a_daemon_that_works_is_left_in_peace(box: Box) -> None:
    """Through a reload, a queue that it cannot deliver, and a stop that waits for a session."""
    change_unit(box, "WatchdogSec=2s\nRestartSec=200ms\n")
    mta.settings(box, "queue_only = true\n")
    box.run("systemctl", "start", "pymta.service")
    pid = mta.shows(box, "MainPID")
    mta.send(box)
    talk = mta.Talk(box)
    for command in ("EHLO client.example", "MAIL FROM:<a@example.org>", "RCPT TO:<user@localhost>"):
        assert talk.say(command).startswith("250")
    assert talk.say("DATA").startswith("354")

    def fed() -> str:
        return mta.shows(box, "WatchdogTimestampMonotonic")

    def wait_for_food() -> None:
        before = fed()
        box.wait_until("it is fed", lambda: fed() != before)

    for _ in range(3):
        wait_for_food()
    box.run("systemctl", "reload", "pymta.service")
    for _ in range(3):
        wait_for_food()
    assert mta.shows(box, "MainPID") == pid

    stopping = box.start("systemctl", "stop", "pymta.service")
    box.wait_until("it stops", lambda: mta.shows(box, "ActiveState") == "deactivating")
    box.run("sleep", "3")  # longer than the watchdog would have waited
    assert talk.say(".").startswith("250")
    talk.end()
    assert stopping.wait(40) == 0
    stopping.communicate()
    assert mta.shows(box, "Result") == "success"
    assert "Watchdog timeout" not in box.journal(500)


@ON_BOTH
def test_a_stop_takes_as_long_as_the_settings_allow_whatever_the_unit_says(box: Box) -> None:
    """EXTEND_TIMEOUT_USEC: a message in DATA outlives TimeoutStopSec=."""
    change_unit(box, "TimeoutStopSec=1s\n")
    mta.settings(box, 'shutdown_grace = "20s"\n')
    box.run("systemctl", "start", "pymta.service")
    talk = mta.Talk(box)
    for command in ("EHLO client.example", "MAIL FROM:<a@example.org>", "RCPT TO:<user@localhost>"):
        assert talk.say(command).startswith("250")
    assert talk.say("DATA").startswith("354")
    stopping = box.start("systemctl", "stop", "pymta.service")
    box.wait_until("it stops", lambda: mta.shows(box, "ActiveState") == "deactivating")

    box.run("sleep", "3")  # longer than the unit allows
    talk.send("Subject: late\n\nbody")
    assert talk.say(".").startswith("250")
    talk.end()
    assert stopping.wait(40) == 0
    stopping.communicate()
    assert mta.shows(box, "Result") == "success"


def test_a_start_takes_as_long_as_its_port_is_taken(box: Box) -> None:
    """BL-06: longer than TimeoutStartSec=, and why is in STATUS."""
    change_unit(box, "TimeoutStartSec=8s\n", "pymta-selfbound")
    mta.settings(box, 'daemon_startup_retries = 60\ndaemon_startup_sleep = "2s"\n')
    listen = (
        "import socket, sys;"
        " s = socket.create_server(('::', 25), family=socket.AF_INET6, dualstack_ipv6=True);"
        " sys.stdin.read()"
    )
    other = box.start(*mta.PYTHON, "-c", listen)
    box.wait_until("the port is taken", lambda: mta.is_taken(box))
    starting = box.start("systemctl", "start", "pymta-selfbound.service")

    def shows() -> str:
        return mta.shows(box, "StatusText", "pymta-selfbound.service")

    box.wait_until("it has waited for 12 s", lambda: "(53 more tries)" in shows(), 40)
    assert "socket bind() to port 25 for address" in shows()
    other.communicate("")
    assert starting.wait(40) == 0
    starting.communicate()
    assert "listening for SMTP on port 25" in shows()
