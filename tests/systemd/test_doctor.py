"""`pymta doctor` on a host that is well, and on one where a single thing is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doubles import certificates
from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.test_tls import BY_CREDENTIAL, lay_down
from tests.systemd.trees import ON_252, ON_BOTH
from tests.systemd.wells import findings, the_one, topics

pytestmark = [pytest.mark.root, ON_252, pytest.mark.xdist_group("doctor")]


@ON_BOTH
def test_of_a_host_that_is_well_nothing_is_said(well: Box) -> None:
    assert findings(well) == []


def test_others_see_less_and_are_told_so(well: Box) -> None:
    """Nothing is guessed: what they may not see is a note."""
    for user in ("pymta", "nobody"):
        found = findings(well, "runuser", "-u", user, "--")
        assert {one["topic"] for one in found} == {"not-seen"}
        assert {one["weight"] for one in found} == {"note"}
    assert findings(well) == []  # and none of it has left a trace


def test_nothing_is_changed_by_looking(well: Box) -> None:
    list_ = ("find", "/var/lib/pymta", "/run/pymta", "/etc/pymta", "-printf", "%p %m %u %s %T@\n")
    before = well.says(*list_)
    findings(well)
    assert well.says(*list_) == before


def test_a_stopped_timer_is_named_unless_the_daemon_runs_the_queue_itself(spoilt: Box) -> None:
    spoilt.run("systemctl", "disable", "--now", "pymta-queue.timer")
    found = the_one(spoilt)
    assert (found["topic"], found["where"]) == ("no-queue-timer", "pymta-queue.timer")
    assert found["remedy"].startswith("systemctl enable --now pymta-queue.timer")
    mta.settings(spoilt, 'queue_run = "internal"\n')
    spoilt.run("systemctl", "reload", "pymta.service")
    assert findings(spoilt) == []


def test_a_socket_that_is_enabled_and_not_open_is_named(spoilt: Box) -> None:
    spoilt.run("systemctl", "enable", "pymta-submission.socket")
    found = the_one(spoilt)
    assert (found["topic"], found["where"]) == ("socket-down", "pymta-submission.socket")
    spoilt.run("systemctl", "restart", "pymta.service")
    assert topics(spoilt) == ["no-logins"]  # it is for users, and none can log in yet


def test_dead_name_servers_are_named(spoilt: Box) -> None:
    spoilt.run("systemctl", "stop", "names.service")
    found = the_one(spoilt)
    assert (found["weight"], found["topic"], found["where"]) == (
        "fault",
        "dns-dead",
        "/etc/resolv.conf",
    )
    assert "name server 127.0.0.1 does not answer" in found["what"]


def test_a_small_full_disk_in_memory_is_named_for_both(spoilt: Box) -> None:
    spoilt.run("systemctl", "stop", "pymta.socket", "pymta.service")
    spoilt.run("mount", "-t", "tmpfs", "-o", "size=1M,uid=0", "tmpfs", "/var/lib/pymta/spool")
    spoilt.run("chown", "pymta:", "/var/lib/pymta/spool")
    spoilt.run("systemctl", "start", "pymta.service")
    spoilt.run("sh", "-c", "cat /dev/zero >/var/lib/pymta/spool/full 2>&1; :")
    assert {one["topic"]: one["where"] for one in findings(spoilt)} == {
        "disk-full": "/var/lib/pymta/spool",
        "forgetful-disk": "/var/lib/pymta/spool",
    }


@pytest.fixture
def with_tls(spoilt: Box, tmp_path: Path) -> Box:
    lay_down(spoilt, certificates.make(tmp_path / "first", days=2))
    mta.settings(spoilt, BY_CREDENTIAL)
    spoilt.run("systemctl", "restart", "pymta.service")
    found = findings(spoilt)
    assert [one["topic"] for one in found] == ["certificate-expires"]
    return spoilt


def test_a_key_for_everybody_is_named(with_tls: Box) -> None:
    with_tls.run("chmod", "755", "/etc/pymta/tls")
    with_tls.run("chmod", "644", "/etc/pymta/tls/privkey.pem")
    found = [one for one in findings(with_tls) if one["topic"] != "certificate-expires"]
    assert [(one["topic"], one["where"]) for one in found] == [
        ("key-readable", "/etc/pymta/tls/privkey.pem")
    ]
    with_tls.run("chmod", "700", "/etc/pymta/tls")
    seen = findings(with_tls, "runuser", "-u", "nobody", "--")
    assert {one["topic"] for one in seen} == {"not-seen"}
    assert topics(with_tls) == ["certificate-expires"]


def test_a_renewed_certificate_that_nobody_serves_is_told(with_tls: Box, tmp_path: Path) -> None:
    lay_down(with_tls, certificates.make(tmp_path / "renewed", days=2))
    assert topics(with_tls) == ["certificate-renewed", "certificate-expires"]
    with_tls.run("systemctl", "try-restart", "pymta")
    assert topics(with_tls) == ["certificate-expires"]


def test_a_missing_directory_of_credentials_is_named(with_tls: Box) -> None:
    """The daemon that runs has what it read; the next start would fail, and has failed here."""
    with_tls.run("mv", "/etc/pymta/tls", "/etc/pymta/tls.old")
    with_tls.run("systemctl", "restart", "pymta", check=False)
    found = findings(with_tls)
    wanted = next(one for one in found if one["topic"] == "certificate")
    assert "there is no directory /etc/pymta/tls" in wanted["what"]
    assert {one["topic"] for one in found} <= {"certificate", "unit-failed"}
