"""The daily housekeeping, in its unit and by its timer."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]

LEFT = "/var/lib/pymta/mail/user/tmp/1.half.pymta"


def leave(box: Box) -> None:
    box.run("runuser", "-u", "pymta", "--", "touch", "-d", "3 days ago", LEFT)


def is_left(box: Box) -> bool:
    return box.run("test", "-e", LEFT, check=False).returncode == 0


def test_it_clears_what_is_left_and_no_mail(box: Box) -> None:
    box.run("systemctl", "start", "pymta.service")
    mta.send(box)
    mta.wait_for_mail(box)
    leave(box)

    box.run("systemctl", "start", "pymta-tidy.service")

    assert not is_left(box)
    assert len(mta.mailbox(box)) == 1
    told = box.says("journalctl", "--no-pager", "-u", "pymta-tidy", "-t", "pymta", "-o", "cat")
    assert told == "tidied: 1 in mailboxes"


def test_its_timer_makes_up_for_a_day_that_the_host_was_off(box: Box) -> None:
    box.run("systemctl", "start", "pymta.service")
    mta.send(box)
    mta.wait_for_mail(box)
    leave(box)
    box.write("/etc/systemd/system/pymta-tidy.timer.d/now.conf", "[Timer]\nRandomizedDelaySec=0\n")
    box.run("mkdir", "-p", "/var/lib/systemd/timers")
    box.run("touch", "-d", "2 days ago", "/var/lib/systemd/timers/stamp-pymta-tidy.timer")
    box.run("systemctl", "daemon-reload")

    box.run("systemctl", "start", "pymta-tidy.timer")

    box.wait_until("the leftover is gone", lambda: not is_left(box))


def test_where_there_was_never_mail_it_does_nothing(box: Box) -> None:
    box.run("systemctl", "start", "pymta-tidy.service")
    assert mta.shows(box, "ConditionResult", "pymta-tidy") == "no"
