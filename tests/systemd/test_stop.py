"""`systemctl stop` and `restart`: what runs may finish, within the grace time."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_BOTH

pytestmark = [pytest.mark.root, ON_BOTH]


@pytest.fixture
def serving(box: Box) -> Box:
    box.run("systemctl", "start", "pymta.service")
    return box


def in_data(box: Box) -> mta.Talk:
    talk = mta.Talk(box)
    talk.say("EHLO client.example")
    talk.say("MAIL FROM:<a@example.org>")
    talk.say("RCPT TO:<user@localhost>")
    assert talk.say("DATA").startswith("354")
    talk.send("Subject: in flight\n\nhalf of it")
    return talk


@pytest.mark.parametrize("what", ["stop", "restart"])
def test_a_message_in_data_is_taken_and_delivered(serving: Box, what: str) -> None:
    talk = in_data(serving)
    stopping = serving.start("systemctl", what, "pymta.service")
    serving.wait_until(
        "the service is stopping",
        lambda: mta.shows(serving, "ActiveState") == "deactivating",
    )
    talk.send("the rest")
    assert talk.say(".").startswith("250")
    talk.end()
    assert stopping.wait(40) == 0
    stopping.communicate()
    assert mta.shows(serving, "Result") == "success"
    serving.run("systemctl", "start", "pymta.service")
    serving.run("systemctl", "start", "pymta-queue.service")
    (mail,) = mta.wait_for_mail(serving)
    assert "half of it\nthe rest" in mail


def test_an_idle_session_hears_421_and_not_a_bare_close(serving: Box) -> None:
    talk = mta.Talk(serving)
    talk.say("EHLO client.example")
    serving.run("systemctl", "stop", "pymta.service")
    assert talk.end().startswith("421 ")


def test_callers_of_a_restart_wait_instead_of_being_refused(serving: Box) -> None:
    loop = mta.Loop(serving)
    for _ in range(4):
        serving.run("systemctl", "restart", "pymta.service")
    results = loop.end()
    assert not {"refused", "broken"} & set(results), results
    assert results["served"]


def test_many_quick_restarts_do_not_cost_the_socket(serving: Box) -> None:
    """Check 13: thirty in ten seconds, as many of them as the machine can do."""
    impatient = "for n in $(seq 30); do systemctl restart --no-block pymta; sleep 0.3; done"
    serving.run("sh", "-c", f"{impatient}; systemctl restart pymta")
    assert mta.shows(serving, "ActiveState") == "active"
    assert mta.shows(serving, "ActiveState", "pymta.socket") == "active"
    assert mta.greeting(serving).startswith("220 ")


def test_a_crash_loop_does_not_cost_the_socket_and_ends_with_its_cause(serving: Box) -> None:
    """Check 13: each call would start the service again, were the pace not that of RestartSec=."""
    serving.write("/etc/systemd/system/pymta.service.d/quick.conf", "[Service]\nRestartSec=100ms\n")
    serving.run("systemctl", "daemon-reload")
    mta.settings(serving, "smtp_banner = 3\n")
    serving.run("systemctl", "restart", "pymta", check=False)
    waiting = serving.start("timeout", "60", *mta.PYTHON, str(mta.CALLS), "talk", "127.0.0.1")
    serving.wait_until("it has crashed often", lambda: int(mta.shows(serving, "NRestarts")) > 6)
    assert mta.shows(serving, "ActiveState", "pymta.socket") == "active"

    mta.settings(serving, 'smtp_banner = "mended ESMTP"\n')
    assert waiting.stdout
    assert waiting.stdout.readline() == "220 mended ESMTP\n"
    waiting.communicate("QUIT\n")


def test_a_killed_supervisor_comes_back_and_leaves_no_orphans(serving: Box) -> None:
    serving.write("/etc/systemd/system/pymta.service.d/quick.conf", "[Service]\nRestartSec=200ms\n")
    serving.run("systemctl", "daemon-reload")
    talk = mta.Talk(serving)
    pid = mta.shows(serving, "MainPID")
    serving.run("sh", "-c", f"kill -9 {pid}")
    serving.wait_until(
        "another supervisor serves",
        lambda: mta.shows(serving, "MainPID") not in {pid, "0"},
    )
    assert mta.greeting(serving).startswith("220 ")
    talk.end()
    assert mta.shows(serving, "NRestarts") == "1"
    assert "left-over process" not in serving.journal(500)
