"""`pymta doctor` beside a daemon that no unit has started, and where there is none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from pymta.config.settings import Machine
from pymta.doctor.ask_files import ask_settings
from tests.doubles.daemon import HOSTNAME
from tests.doubles.dns_server import DnsServer
from tests.doubles.standalone import Standalone, standalone

OF_THE_MACHINE = {"clock-unsynchronized", "other-sendmail"}
# Tests of root start daemons that stay root; the doctor is right to mind.
ALWAYS = {"root"} if os.geteuid() == 0 else set()


@pytest.fixture
def made() -> Iterator[Standalone]:
    with (
        DnsServer({(HOSTNAME, "A"): ["192.0.2.1"]}) as server,
        standalone(dns_servers=[server.setting]) as made,
    ):
        yield made


def findings(made: Standalone) -> dict[str, dict[str, Any]]:
    done = made.run("pymta", "doctor", "--json", "--state", str(made.state))
    assert done.stdout.startswith("{"), done.stderr
    told = json.loads(done.stdout)
    assert told["format"] == 1
    assert done.returncode == any(one["weight"] == "fault" for one in told["findings"])
    return {one["topic"]: one for one in told["findings"] if one["topic"] not in OF_THE_MACHINE}


def test_a_daemon_that_is_well_gives_no_cause(made: Standalone) -> None:
    with made.in_front():
        assert findings(made).keys() == ALWAYS


def test_settings_that_are_not_served_yet_are_told_and_wrong_ones_named(made: Standalone) -> None:
    with made.in_front():
        made.write_settings(smtp_accept_max=30)
        due = findings(made)["reload-due"]
        assert due["weight"] == "note"
        assert "smtp_accept_max 20 -> 30" in due["what"]
        made.write_settings(smtp_accept_max="many")
        assert "smtp_accept_max: found" in findings(made)["settings-wrong"]["what"]


def test_mail_that_everybody_may_read_is_named_for_people(made: Standalone) -> None:
    with made.in_front():
        made.state.chmod(0o755)
        done = made.run("pymta", "doctor", "--state", str(made.state))
        assert done.returncode == 1
        assert f"fault: {made.state}: holds mail, and everybody may look into it" in done.stdout
        assert f"\n      chmod o= {made.state}\n" in done.stdout


@pytest.mark.root
def test_settings_that_one_may_not_read_are_no_mistake_of_theirs(made: Standalone) -> None:
    made.config.chmod(0o600)
    os.seteuid(65534)
    try:
        found = ask_settings(Machine(str(made.state), config_file=str(made.config)))
    finally:
        os.seteuid(0)
    assert found.unseen == (str(made.config),)
    assert found.complaints == ()


def test_a_spool_that_cannot_be_looked_through_is_told(made: Standalone) -> None:
    with made.in_front():
        queue = made.state / "spool" / "queue"
        queue.rename(queue.with_name("was"))
        assert "queue: No such file or directory" in findings(made)["spool"]["what"]
        queue.with_name("was").rename(queue)


def test_where_no_daemon_has_run_there_is_no_spool(made: Standalone) -> None:
    assert findings(made)["spool"]["what"] == f"{made.state}: No such file or directory"
