"""`pymta doctor` on a host where a drop-in has changed one thing of a unit."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.systemd.trees import ON_252, ON_BOTH
from tests.systemd.wells import DROP_IN, drop_in, findings, the_one

pytestmark = [pytest.mark.root, ON_252, pytest.mark.xdist_group("doctor, units")]


@ON_BOTH
def test_too_few_tasks_are_named_with_what_would_do(edited: Box) -> None:
    drop_in(edited, "TasksMax=8")
    found = the_one(edited)
    assert (found["weight"], found["topic"], found["where"]) == ("fault", "limit", "pymta.service")
    assert "may take 92 processes (TasksMax=, ulimit -u), and 8 are allowed" in found["what"]
    assert found["remedy"] == "systemctl edit pymta.service, [Service] TasksMax=92"


@ON_BOTH
def test_a_loosened_wall_is_a_note_that_names_the_drop_in(edited: Box) -> None:
    drop_in(edited, "ProtectSystem=full")
    found = the_one(edited)
    assert (found["weight"], found["topic"]) == ("note", "unit-loosened")
    assert "has ProtectSystem=full, and ProtectSystem=strict is what it comes with" in found["what"]
    assert DROP_IN in found["remedy"]


def test_what_the_running_daemon_has_not_got_of_its_unit_is_named(edited: Box) -> None:
    """The unit promises more again, and nobody has restarted it."""
    drop_in(edited, "LimitNOFILE=1000")
    drop_in(edited, "", restart=False)
    found = the_one(edited)
    assert (found["topic"], found["where"]) == ("not-as-promised", "pymta.service")
    assert "may have 1000 open files, against LimitNOFILE=16384" in found["what"]


def test_a_unit_that_systemd_has_not_read_again_is_named(edited: Box) -> None:
    drop_in(edited, "Nice=1")
    edited.write(DROP_IN, "[Service]\nNice=2\n")
    found = the_one(edited)
    assert (found["topic"], found["remedy"]) == ("daemon-reload", "systemctl daemon-reload")


def test_a_stop_that_ends_before_the_grace_time_is_named(edited: Box) -> None:
    drop_in(edited, "TimeoutStopSec=20s")
    found = the_one(edited)
    assert found["topic"] == "stop-too-short"
    assert found["remedy"] == "systemctl edit pymta.service, [Service] TimeoutStopSec=60s"


def test_a_spool_that_cannot_be_written_is_named(edited: Box) -> None:
    """As the daemon sees it, in its own mounts."""
    spool = "/var/lib/pymta/spool"
    drop_in(edited, f"ReadOnlyPaths={spool}")
    found = findings(edited)
    assert {one["topic"] for one in found} == {"unwritable"}
    assert {one["where"] for one in found} >= {spool, f"{spool}/incoming"}
    assert all(one["what"].endswith("written by pymta: Read-only file system") for one in found)
