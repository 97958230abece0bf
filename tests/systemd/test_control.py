"""The control socket inside the unit's sandbox: who is at its other end, and what he may."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.doubles.box import Box
from tests.systemd import mta

pytestmark = pytest.mark.root


@pytest.fixture
def serving(box: Box) -> Box:
    mta.settings(box, 'admin_groups = ["adm"]\nqueue_only = true\n')
    box.run("systemctl", "start", "pymta.service")
    return box


def as_nobody(box: Box, group: str, *command: str) -> subprocess.CompletedProcess[str]:
    someone = ("setpriv", "--reuid=nobody", "--regid=nogroup", f"--groups={group}")
    return box.run(*someone, *command, check=False)


def test_an_administrator_sees_what_the_daemon_does_and_gives_orders(serving: Box) -> None:
    """N-22, ST-03: by his group, which the kernel tells; and all within the daemon's sandbox."""
    id = mta.send(serving)

    def status() -> dict[str, Any]:
        done = as_nobody(serving, "adm", "pymta", "status", "--json")
        assert done.returncode == 0, done.stdout
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    # A figure of the last few seconds is good enough for whoever asks again and again.
    serving.wait_until("it is counted", lambda: status()["queue"]["messages"] == 1)
    found = status()
    assert found["listeners"][0]["port"] == 25
    assert found["listeners"][0]["backlog_max"] > 0
    for order, done in (("hold", "held"), ("release", "released")):
        told = as_nobody(serving, "adm", "pymta", "queue", order, id).stdout
        assert told.endswith(f"1 message {done}\n"), told
        assert f"{id} {done} by nobody" in told
    assert as_nobody(serving, "adm", "pymta", "queue", "run", id).returncode == 0
    story = mta.story(serving, id)
    assert "held by nobody" in story
    assert "notify triggered queue run" in story


def test_others_hear_that_they_may_not(serving: Box) -> None:
    """N-22, ST-03"""
    done = as_nobody(serving, "mail", "pymta", "status")
    assert done.returncode == 77
    assert done.stdout == "pymta: only root, pymta and members of adm may\n"
    done = as_nobody(serving, "mail", "pymta-sendmail", "-q")
    assert (done.returncode, done.stdout) == (1, "pymta: permission denied\n")
    done = as_nobody(serving, "adm", "pymta-sendmail", "-q")
    assert (done.returncode, done.stdout) == (0, "a queue run has begun\n")


def test_an_upgrade_with_another_table_refuses_nobody_and_keeps_the_limit(serving: Box) -> None:
    """HU-04: who was there before holds the slot that he had."""
    mta.settings(serving, "smtp_accept_max = 2\n")
    serving.run("systemctl", "reload", "pymta")
    talk = mta.Talk(serving)
    assert talk.say("EHLO client.example").startswith("250")
    mta.upgrade(serving, "s/^VERSION = .*/VERSION = 4711/", "supervisor/handover.py")
    serving.run("systemctl", "reload", "pymta")
    told = serving.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert "1 child process holds a connection slot until the end" in told
    other, refused = mta.Talk(serving), mta.Talk(serving)
    assert other.greeting.startswith("220 ")
    assert refused.greeting.startswith("421 Too many concurrent SMTP connections")
    assert talk.say("NOOP").startswith("250")
    assert talk.say("QUIT").startswith("221")
    assert other.say("QUIT").startswith("221")
    for one in (talk, other, refused):
        one.end()

    def held() -> int:
        found = json.loads(serving.says("pymta", "status", "--json"))
        return int(found["connections"]["now"])

    serving.wait_until("the slots are free", lambda: held() == 0)
    assert mta.greeting(serving).startswith("220 ")
