"""Queue runs of a machine: units of named queues, the timer beside the alarm, the daemon's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_257

pytestmark = [pytest.mark.root, ON_257]

QUEUED = 'queue_only = true\nqueue_name = "slow"\n'


def queue_lines(box: Box) -> list[str]:
    """What runs say of themselves, whatever unit they belong to; without times and pids."""
    told = box.says("journalctl", "--no-pager", "-o", "cat", "-t", "pymta")
    return [re.sub(r"=\d+", "", line) for line in told.splitlines() if "queue run: pid" in line]


def test_a_template_unit_serves_a_named_queue(box: Box) -> None:
    """N-16: the unit of the default queue leaves it alone."""
    mta.settings(box, f'queue_run = "timer"\n{QUEUED}')
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
    mta.settings(box, 'queue_only = true\nqueue_run = "internal"\nqueue_run_interval = "1h"\n')
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


def test_a_unit_tries_what_waits_for_a_domain_and_nothing_else(box: Box) -> None:
    """Check 18: escaped or not, and whatever the queue."""
    domains = ["example.org", "my-host.example", "localhost"]
    queued = "queue_only = true\nqueue_run = 'timer'\nlocal_parts = ['user']\n"
    queued += f"local_domains = {domains}\n"
    mta.settings(box, queued)
    box.run("systemctl", "start", "pymta.socket")
    to = [mta.send(box, to=f"user@{domain}") for domain in domains]
    mta.settings(box, f"queue_name = 'slow'\n{queued}")
    box.run("systemctl", "reload", "pymta.service")
    slow = mta.send(box, to="user@example.org")

    box.run("systemctl", "start", "pymta-queue@example.org")
    assert "Completed" in mta.story(box, to[0])
    assert "Completed" in mta.story(box, slow)
    assert len(mta.mailbox(box)) == 2

    box.run("systemctl", "start", "pymta-queue@my-host.example")
    assert "Completed" in mta.story(box, to[1])
    box.run("systemctl", "start", f"pymta-queue@{box.says('systemd-escape', 'localhost')}")
    assert "Completed" in mta.story(box, to[2])
    assert len(mta.mailbox(box)) == 4


# The empty one takes back all that the unit says of times.
OFTEN = (
    "OnActiveSec=\nOnActiveSec=1s\nOnUnitInactiveSec={}\nAccuracySec=100ms\nRandomizedDelaySec=0\n"
)


def have_timer_come_every(box: Box, span: str) -> None:
    box.write(
        "/etc/systemd/system/pymta-queue.timer.d/often.conf", f"[Timer]\n{OFTEN.format(span)}"
    )
    box.run("systemctl", "daemon-reload")


def test_the_timer_runs_the_queue_and_the_log_says_who_did(box: Box) -> None:
    mta.settings(box, 'queue_only = true\nqueue_run = "timer"\n')
    have_timer_come_every(box, "1s")
    box.run("systemctl", "start", "pymta.service")

    by_hand = mta.send(box)
    box.run("systemctl", "start", "pymta-queue.service")
    mta.story(box, by_hand)
    assert runs_by(box) == {"unit"}

    box.run("systemctl", "start", "pymta-queue.timer")
    for _ in range(7):  # quick runs over something to do, one after another
        mta.story(box, mta.send(box))
    assert runs_by(box) == {"unit", "timer"}
    assert mta.shows(box, "ActiveState", "pymta-queue.timer") == "active"


NOBODY_YET = "smarthost = '127.0.0.1:2500'\nretry = ['F,1h,3s']\n"
SINK = Path(__file__).with_name("sink.py")


@pytest.mark.parametrize("who", ["timer", "internal", "both"])
def test_what_was_put_off_is_tried_at_its_time_whoever_runs_the_queue(box: Box, who: str) -> None:
    """Check 17: by the timer, by the alarm, and never two runs at once."""
    setting = "timer" if who == "timer" else "internal"
    mta.settings(box, f"{NOBODY_YET}queue_run = '{setting}'\nqueue_run_interval = '2s'\n")
    have_timer_come_every(box, "2s")
    if who != "internal":
        box.run("systemctl", "start", "pymta-queue.timer")
    box.run("systemctl", "start", "pymta.service")
    message = mta.send(box, to="somebody@remote.example")
    query = ("journalctl", "--no-pager", "-o", "cat", f"PYMTA_QUEUE_ID={message}")
    box.wait_until("it is put off", lambda: " == somebody@" in box.says(*query))
    sink = box.start(*mta.PYTHON, str(SINK))

    assert "=> somebody@remote.example" in mta.story(box, message)
    sink.communicate("")
    starters = set(started_by(box))
    assert starters <= {"timer": {"timer"}, "internal": {"alarm", "start"}}.get(
        who, {"alarm", "start", "timer"}
    )
    assert starters & {"timer", "alarm"}
    assert most_at_once(box) == 1


def test_the_daemon_stands_in_for_a_timer_that_does_not_come(box: Box) -> None:
    """queue_run = auto: without a word while there is nothing to do."""
    mta.settings(box, "queue_only = true\nqueue_run_interval = '2s'\n")
    box.run("systemctl", "start", "pymta.service")
    started = box.says("journalctl", "--no-pager", "-o", "cat", "-u", "pymta")
    assert ", -q2s, listening for SMTP" in started

    mta.story(box, mta.send(box))
    assert set(started_by(box)) <= {"alarm", "start"}
    assert queue_lines(box) == ["Start queue run: pid", "End queue run: pid"]


def test_the_daemon_leaves_the_queue_to_a_timer_that_comes(box: Box) -> None:
    """queue_run = auto: each of its ticks is spared, and nobody is asked about the timer."""
    mta.settings(box, "queue_only = true\nqueue_run_interval = '1h'\n")
    have_timer_come_every(box, "1s")
    box.run("systemctl", "start", "pymta-queue.timer", "pymta.service")
    mta.story(box, mta.send(box))
    box.run("systemctl", "reload", "pymta.service")  # a tick at once
    mta.story(box, mta.send(box))

    assert set(started_by(box)) == {"timer"}


def started_by(box: Box) -> list[str]:
    """Who started each run, whatever unit it belongs to."""
    starts = box.says("journalctl", "--no-pager", "-o", "json", "-t", "pymta").splitlines()
    found = [json.loads(line) for line in starts]
    return [str(one["PYMTA_BY"]) for one in found if one["MESSAGE"].startswith("Start queue run")]


def most_at_once(box: Box) -> int:
    """Of all runs in the journal."""
    alive = most = 0
    for line in queue_lines(box):
        alive += 1 if line.startswith("Start") else -1 if line.startswith("End") else 0
        most = max(most, alive)
    return most


def runs_by(box: Box) -> set[str]:
    """Who started the runs that the journal knows."""
    query = ("journalctl", "--no-pager", "-o", "cat", "--output-fields=PYMTA_BY")
    return set(box.says(*query, "-u", "pymta-queue", "-t", "pymta").split())


def test_a_queue_on_another_disk_is_found_by_every_unit(box: Box) -> None:
    """`spool_directory`: by the daemon, by the condition of the queue run, and by the run."""
    mta.settings(
        box, 'spool_directory = "/srv/pymta/spool"\nqueue_only = true\nqueue_run = "timer"\n'
    )
    refused = box.run("systemctl", "start", "pymta.service", check=False)
    assert refused.returncode != 0
    told = box.says("journalctl", "--no-pager", "-o", "cat", "-u", "pymta")
    assert "cannot make /srv/pymta" in told
    assert "let the units write there (ReadWritePaths=/srv/pymta/spool)" in told

    box.run("install", "-d", "-o", "pymta", "-g", "pymta", "-m", "700", "/srv/pymta/spool")
    for unit in ("pymta", "pymta-queue"):
        text = "[Service]\nReadWritePaths=/srv/pymta/spool\n"
        box.write(f"/etc/systemd/system/{unit}.service.d/spool.conf", text)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "pymta.service")
    message = mta.send(box)
    assert message in box.says("ls", "/srv/pymta/spool/queue")
    assert mta.mailbox(box) == []
    box.run("systemctl", "start", "pymta-queue.service")
    assert len(mta.wait_for_mail(box)) == 1
