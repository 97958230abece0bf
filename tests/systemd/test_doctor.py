"""`pymta doctor` on a host that is well, and on one where a single thing is broken."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles import certificates
from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT
from tests.systemd import mta
from tests.systemd.test_tls import BY_CREDENTIAL, lay_down
from tests.systemd.trees import ON_252, ON_BOTH

pytestmark = [pytest.mark.root, ON_252]

UNITS = (
    "pymta.socket",
    "pymta-local.socket",
    "pymta.service",
    "pymta-queue.timer",
    "pymta-tidy.timer",
)
DROP_IN = "/etc/systemd/system/pymta.service.d/broken.conf"
NAMES = Path(__file__).with_name("names.py")
PYTHON = "PYTHONPATH=/usr/lib/pymta/current"


def is_synchronized() -> bool:
    """What the kernel knows of the clock, which a box shares with the machine."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))) != 5


@pytest.fixture
def well(limited_box: Box) -> Box:
    """All that a host should have: units, a name in the DNS, a journal that lasts."""
    box = limited_box
    names = ("systemd-run", "--quiet", "--unit=names", f"--setenv={PYTHON}")
    box.run(*names, "/usr/bin/python3", str(NAMES), str(CHECKOUT))
    box.write("/etc/systemd/journald.conf.d/zzz.conf", "[Journal]\nStorage=persistent\n")
    box.run("systemctl", "restart", "systemd-journald")
    box.run("journalctl", "--flush")
    done = box.run("systemctl", "enable", "--now", *UNITS, check=False)
    assert done.returncode == 0, box.journal(40)
    box.wait_until("the DNS answers", lambda: "dns-dead" not in topics(box))
    return box


def findings(box: Box, *user: str) -> list[dict[str, Any]]:
    """But for the clock, which is the machine's."""
    done = box.run(*user, "pymta", "doctor", "--json", check=False)
    assert done.stdout.startswith("{"), done.stdout
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    is_faulty = any(one["weight"] == "fault" for one in found)
    assert done.returncode == (1 if is_faulty else 0), done.stdout
    clock = [one for one in found if one["topic"] == "clock-unsynchronized"]
    assert len(clock) == (0 if is_synchronized() else 1)
    return [one for one in found if one not in clock]


def topics(box: Box) -> list[str]:
    return [one["topic"] for one in findings(box)]


def the_one(box: Box) -> dict[str, Any]:
    (one,) = findings(box)
    return one


def drop_in(box: Box, text: str, *, restart: bool = True) -> None:
    box.write(DROP_IN, f"[Service]\n{text}\n")
    box.run("systemctl", "daemon-reload")
    if restart:
        box.run("systemctl", "restart", "pymta.service")


@ON_BOTH
def test_of_a_host_that_is_well_nothing_is_said(well: Box) -> None:
    assert findings(well) == []


@ON_BOTH
def test_too_few_tasks_are_named_with_what_would_do(well: Box) -> None:
    drop_in(well, "TasksMax=8")
    found = the_one(well)
    assert (found["weight"], found["topic"], found["where"]) == ("fault", "limit", "pymta.service")
    assert "may take 92 processes (TasksMax=, ulimit -u), and 8 are allowed" in found["what"]
    assert found["remedy"] == "systemctl edit pymta.service, [Service] TasksMax=92"


@ON_BOTH
def test_a_loosened_wall_is_a_note_that_names_the_drop_in(well: Box) -> None:
    drop_in(well, "ProtectSystem=full")
    found = the_one(well)
    assert (found["weight"], found["topic"]) == ("note", "unit-loosened")
    assert "has ProtectSystem=full, and ProtectSystem=strict is what it comes with" in found["what"]
    assert DROP_IN in found["remedy"]


def test_what_the_running_daemon_has_not_got_of_its_unit_is_named(well: Box) -> None:
    """The unit promises more again, and nobody has restarted it."""
    drop_in(well, "LimitNOFILE=1000")
    drop_in(well, "", restart=False)
    found = the_one(well)
    assert (found["topic"], found["where"]) == ("not-as-promised", "pymta.service")
    assert "may have 1000 open files, against LimitNOFILE=16384" in found["what"]


def test_a_unit_that_systemd_has_not_read_again_is_named(well: Box) -> None:
    drop_in(well, "Nice=1")
    well.write(DROP_IN, "[Service]\nNice=2\n")
    found = the_one(well)
    assert (found["topic"], found["remedy"]) == ("daemon-reload", "systemctl daemon-reload")


def test_a_stop_that_ends_before_the_grace_time_is_named(well: Box) -> None:
    drop_in(well, "TimeoutStopSec=20s")
    found = the_one(well)
    assert found["topic"] == "stop-too-short"
    assert found["remedy"] == "systemctl edit pymta.service, [Service] TimeoutStopSec=60s"


def test_a_stopped_timer_is_named_unless_the_daemon_runs_the_queue_itself(well: Box) -> None:
    well.run("systemctl", "disable", "--now", "pymta-queue.timer")
    found = the_one(well)
    assert (found["topic"], found["where"]) == ("no-queue-timer", "pymta-queue.timer")
    assert found["remedy"].startswith("systemctl enable --now pymta-queue.timer")
    mta.settings(well, 'queue_run = "internal"\n')
    well.run("systemctl", "reload", "pymta.service")
    assert findings(well) == []


def test_a_socket_that_is_enabled_and_not_open_is_named(well: Box) -> None:
    well.run("systemctl", "enable", "pymta-submission.socket")
    found = the_one(well)
    assert (found["topic"], found["where"]) == ("socket-down", "pymta-submission.socket")
    well.run("systemctl", "restart", "pymta.service")
    assert topics(well) == ["no-logins"]  # it is for users, and none can log in yet


def test_dead_name_servers_are_named(well: Box) -> None:
    well.run("systemctl", "stop", "names.service")
    found = the_one(well)
    assert (found["weight"], found["topic"], found["where"]) == (
        "fault",
        "dns-dead",
        "/etc/resolv.conf",
    )
    assert "name server 127.0.0.1 does not answer" in found["what"]


def test_a_spool_that_cannot_be_written_is_named(well: Box) -> None:
    """As the daemon sees it, in its own mounts."""
    spool = "/var/lib/pymta/spool"
    drop_in(well, f"ReadOnlyPaths={spool}")
    found = findings(well)
    assert {one["topic"] for one in found} == {"unwritable"}
    assert {one["where"] for one in found} >= {spool, f"{spool}/incoming"}
    assert all(one["what"].endswith("written by pymta: Read-only file system") for one in found)


def test_a_small_full_disk_in_memory_is_named_for_both(well: Box) -> None:
    well.run("systemctl", "stop", "pymta.socket", "pymta.service")
    well.run("mount", "-t", "tmpfs", "-o", "size=1M,uid=0", "tmpfs", "/var/lib/pymta/spool")
    well.run("chown", "pymta:", "/var/lib/pymta/spool")
    well.run("systemctl", "start", "pymta.service")
    well.run("sh", "-c", "cat /dev/zero >/var/lib/pymta/spool/full 2>&1; :")
    assert {one["topic"]: one["where"] for one in findings(well)} == {
        "disk-full": "/var/lib/pymta/spool",
        "forgetful-disk": "/var/lib/pymta/spool",
    }


@pytest.fixture
def with_tls(well: Box, tmp_path: Path) -> Box:
    lay_down(well, certificates.make(tmp_path / "first", days=2))
    mta.settings(well, BY_CREDENTIAL)
    well.run("systemctl", "restart", "pymta.service")
    found = findings(well)
    assert [one["topic"] for one in found] == ["certificate-expires"]
    return well


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
