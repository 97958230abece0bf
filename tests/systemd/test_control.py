"""The control socket inside the unit's sandbox: who is at its other end, and what he may."""

from __future__ import annotations

import json
import subprocess

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


def test_an_administrator_sees_what_the_daemon_does(serving: Box) -> None:
    """N-22, ST-03: by his group, which the kernel tells."""
    id = mta.send(serving)
    done = as_nobody(serving, "adm", "pymta", "status", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found["queue"]["messages"] == 1
    assert found["listeners"][0]["port"] == 25
    assert found["listeners"][0]["backlog_max"] > 0
    assert as_nobody(serving, "adm", "pymta", "queue", "run", id).returncode == 0
    assert "notify triggered queue run" in mta.story(serving, id)


def test_others_hear_that_they_may_not(serving: Box) -> None:
    """N-22, ST-03"""
    done = as_nobody(serving, "mail", "pymta", "status")
    assert done.returncode == 77
    assert done.stdout == "pymta: only root, pymta and members of adm may\n"
    done = as_nobody(serving, "mail", "pymta-sendmail", "-q")
    assert (done.returncode, done.stdout) == (1, "pymta: permission denied\n")
    done = as_nobody(serving, "adm", "pymta-sendmail", "-q")
    assert (done.returncode, done.stdout) == (0, "a queue run has begun\n")
