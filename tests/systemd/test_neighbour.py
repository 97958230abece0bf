"""With another machine on the wire: who may send here, and mail that must wait for its host."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.doubles.neighbour import ADDRESS, BOX_ADDRESS, Neighbour
from tests.systemd import mta

pytestmark = pytest.mark.root

ZONES = {"remote.example": f"@ MX 10 mx\nmx A {ADDRESS}"}
SETTINGS = f"""
primary_hostname = "box.example"
dns_servers = ["{ADDRESS}:53"]
retry = ["F,1h,1s"]
"""
# The empty value clears all triggers of the shipped unit.
EVERY_SECOND = """
[Timer]
OnActiveSec=
OnActiveSec=1s
OnUnitInactiveSec=1s
AccuracySec=100ms
RandomizedDelaySec=0
"""


@pytest.fixture
def neighbour(box: Box) -> Neighbour:
    return Neighbour(box)


def from_the_neighbour(neighbour: Neighbour, *words: str) -> str:
    swaks = ("swaks", "--server", f"{BOX_ADDRESS}:25", "--timeout", "20")
    return neighbour.run(*swaks, "--from", "a@remote.example", *words).stdout


def test_without_settings_other_machines_hear_451(neighbour: Neighbour) -> None:
    neighbour.box.run("systemctl", "start", "pymta.socket")
    said = from_the_neighbour(neighbour, "--to", "user@localhost")
    assert "451 " in said
    assert "250 2.1.5" not in said
    mta.send(neighbour.box)
    assert len(mta.wait_for_mail(neighbour.box)) == 1


def test_with_settings_other_machines_reach_our_mailboxes_but_no_others(
    neighbour: Neighbour,
) -> None:
    mta.settings(neighbour.box, SETTINGS)
    neighbour.box.run("systemctl", "start", "pymta.socket")
    assert "id=" in from_the_neighbour(neighbour, "--to", "user@box.example")
    said = from_the_neighbour(neighbour, "--to", "someone@elsewhere.example")
    assert "550 " in said
    mta.wait_for_mail(neighbour.box)


def test_a_message_for_a_host_that_is_down_goes_out_by_the_timer_when_it_is_up(
    neighbour: Neighbour,
) -> None:
    box = neighbour.box
    neighbour.serves_names(ZONES)
    mta.settings(box, SETTINGS)
    box.write("/etc/systemd/system/pymta-queue.timer.d/often.conf", EVERY_SECOND)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "pymta.socket", "pymta-queue.timer")
    box.wait_until("it ticks on over an empty queue", lambda: box.journal(500).count("skipped") > 1)

    message = mta.send(box, "--header", "Subject: patience", to="b@remote.example")
    about = ("journalctl", "--no-pager", "-o", "cat", f"PYMTA_QUEUE_ID={message}")
    box.wait_until("the message is deferred", lambda: "==" in box.says(*about))
    assert message in box.says("pymta", "queue", "list")

    neighbour.takes_mail()
    box.wait_until("the message is out", lambda: "Subject: patience" in neighbour.mail())
    story = mta.story(box, message)
    assert story.splitlines()[-1].endswith("Completed")
    assert f"{message} => b@remote.example" in story
    assert message not in box.says("pymta", "queue", "list")
    assert "Completed" in box.says(*about, "-u", "pymta-queue")
