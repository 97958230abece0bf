"""Logs of the service beside the journal: classic files, syslog, and lines for whoever watches."""

from __future__ import annotations

import json

import pytest

from tests.doubles.box import Box
from tests.systemd import mta

pytestmark = pytest.mark.root

SETTINGS = """\
log_file_path = "syslog : /var/log/pymta/%slog"
log_selector = ["+pid"]
syslog_facility = "local3"
syslog_timestamp = false
"""
WATCHED = """\
[Service]
Environment=PYMTA_DEBUG=+interface
"""


def test_classic_files_and_syslog_under_the_sandbox_of_the_unit(box: Box) -> None:
    """Section 4.2: the unit has a place for them, and /dev/log leads to the journal."""
    box.write("/etc/pymta/pymta.toml", SETTINGS)
    box.run("systemctl", "start", "pymta.socket")

    message = mta.send(box)
    mta.wait_for_mail(box)

    def lines(log: str) -> list[str]:
        return box.says("cat", f"/var/log/pymta/{log}").splitlines()

    box.wait_until("the end of the story", lambda: any("Completed" in x for x in lines("mainlog")))
    assert box.says("stat", "-c", "%U:%G %a", "/var/log/pymta") == "pymta:pymta 750"
    assert box.says("stat", "-c", "%U:%G %a", "/var/log/pymta/mainlog") == "pymta:pymta 640"
    arrived = next(line for line in lines("mainlog") if f"{message} <= " in line)
    where = ("journalctl", "-o", "json", "_TRANSPORT=syslog", "SYSLOG_FACILITY=19")
    records = [json.loads(line) for line in box.says(*where).splitlines()]
    told = next(record for record in records if f"{message} <= " in record["MESSAGE"])
    assert told["MESSAGE"] == arrived.partition(" ")[2].partition(" ")[2]
    assert told["PRIORITY"] == "6"
    assert told["SYSLOG_IDENTIFIER"] == "pymta"
    assert f"[{told['SYSLOG_PID']}]" in told["MESSAGE"]


def test_a_unit_may_be_watched_by_a_drop_in(box: Box) -> None:
    """ST-11, DB-01, section 3.4: entries of priority debug, with fields."""
    box.write("/etc/systemd/system/pymta.service.d/watch.conf", WATCHED)
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "pymta.socket")

    message = mta.send(box)
    mta.wait_for_mail(box)

    def records(*match: str) -> list[dict[str, str]]:
        found = box.says("journalctl", "-u", "pymta", "-o", "json", "-p", "debug..debug", *match)
        return [json.loads(line) for line in found.splitlines()]

    box.wait_until("the envelope is seen", lambda: bool(records(f"PYMTA_QUEUE_ID={message}")))
    texts = [record["MESSAGE"] for record in records()]
    assert any(text.startswith("interface address=") for text in texts)
    assert any(text.startswith("SMTP<< MAIL FROM:") for text in texts)
    assert "Recipients:" in [record["MESSAGE"] for record in records(f"PYMTA_QUEUE_ID={message}")]


def test_the_whole_service_says_what_it_is_doing(box: Box) -> None:
    """SL-06: the supervisor and a session, by one signal to the unit."""
    box.run("systemctl", "start", "pymta.socket")
    talk = mta.Talk(box)

    box.run("systemctl", "kill", "-s", "USR1", "pymta")

    def said() -> str:
        info = "/var/lib/pymta/pymta-process.info"
        return box.run("cat", info, check=False).stdout

    box.wait_until("both have spoken", lambda: said().count("\n") == 2)
    assert "daemon(0.1.0): -q15m, listening for SMTP on port 25" in said()
    assert "handling incoming connection from [127.0.0.1]" in said()
    assert talk.say("QUIT").startswith("221 ")
    talk.end()
