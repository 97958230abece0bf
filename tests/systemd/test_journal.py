"""The journal of a booted systemd: fields, explanations, and that nothing is lost in it.

The numbers of checks are those of the acceptance list for units.  Each with large numbers:
packaging/dev run pytest -m long tests/systemd/test_journal.py -s
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

LONG = (pytest.mark.long, pytest.mark.timeout(900))
# A process for each connection, which ends at once and so has its last lines in a hurry.
SHORT_LIVES = 'worker_max_connections = 1\nlog_selector = ["+smtp_connection", "+smtp_no_mail"]\n'
FLOOD = Path(__file__).with_name("flood.py")
RUN_FLOOD = (
    'import sys, runpy; sys.path.insert(0, "/usr/lib/pymta/current");'
    ' runpy.run_path("/usr/lib/pymta/flood.py", run_name="__main__")'
)
# What an operator may have set for all services, or systemd has by itself on a small disk.
STRICT_JOURNAL = "[Journal]\nRateLimitIntervalSec=30s\nRateLimitBurst=10\n"


@pytest.fixture
def serving(box: Box) -> Box:
    mta.settings(box, SHORT_LIVES)
    box.run("systemctl", "start", "pymta.socket", "pymta.service")
    return box


def limit_rates(box: Box) -> None:
    box.write("/etc/systemd/journald.conf.d/zzz-rates.conf", STRICT_JOURNAL)
    box.run("systemctl", "restart", "systemd-journald")


def refused(box: Box, sessions: int, recipients: int, seconds: float) -> dict[str, Any]:
    """What came of so many sessions with as many recipients that are refused, a line for each."""
    words = ("refused", str(sessions), str(recipients), str(seconds))
    found: dict[str, Any] = json.loads(box.says(*mta.PYTHON, str(mta.CALLS), *words))
    return found


def lines(box: Box, words: str, *match: str) -> int:
    """How many lines of the journal have these words."""
    script = 'words=$1; shift; journalctl --sync; journalctl -q -o cat "$@" | grep -c "$words"; :'
    return int(box.says("sh", "-c", script, "sh", words, *match))


@ON_BOTH
def test_journalctl_explains_what_it_shows(serving: Box) -> None:
    """Check 19: the text of the catalogue, filled in, with the option that governs it."""
    serving.run("journalctl", "--update-catalog")
    message = mta.send(serving)
    mta.story(serving, message)

    told = serving.says("journalctl", "-x", "--no-pager", f"PYMTA_QUEUE_ID={message}")

    assert "A message has arrived" in told
    assert "A recipient has got a message" in told
    assert f"journalctl PYMTA_QUEUE_ID={message}" in told
    assert "Router local and transport maildir brought it to" in told
    assert "Governed by local_domains, local_parts, local_users, home_maildir, smarthost," in told
    assert "@PYMTA" not in told
    assert "man:pymta-journal(7)" in told


def test_no_explanation_is_left_after_a_removal(serving: Box) -> None:
    serving.run("journalctl", "--update-catalog")
    assert "A message has arrived" in serving.says("journalctl", "--list-catalog")

    serving.run(str(mta.INSTALL), "--remove")

    assert "A message has arrived" not in serving.says("journalctl", "--list-catalog")


def test_one_message_and_one_connection_can_be_followed(serving: Box) -> None:
    """Check 19: every line has the fields of what it is about, and its generation."""
    message = mta.send(serving)
    mta.story(serving, message)

    def records(*match: str) -> list[dict[str, Any]]:
        found = serving.says("journalctl", "-u", "pymta", "-o", "json", *match)
        return [json.loads(line) for line in found.splitlines()]

    about = records(f"PYMTA_QUEUE_ID={message}")
    assert [one["PYMTA_KIND"] for one in about] == ["arrived", "delivered", "completed"]
    assert {one["PYMTA_SENDER"] for one in about} == {"someone@example.org"}
    assert {one["PYMTA_GENERATION"] for one in records("-t", "pymta", "--no-pager")} == {"1"}
    (arrived,) = records("PYMTA_KIND=arrived", "PYMTA_RECIPIENT=user@localhost")
    session = records(f"PYMTA_SESSION_ID={arrived['PYMTA_SESSION_ID']}")
    assert {one["PYMTA_CLIENT"] for one in session} == {"127.0.0.1"}
    told = serving.says("pymta", "trail", "USER@localhost").splitlines()
    assert [line.split()[2:4] for line in told] == [
        [message, "<="],
        [message, "=>"],
        [message, "Completed"],
    ]
    assert [one["PYMTA_KIND"] for one in session] == ["connection", "arrived", "connection_closed"]


@pytest.mark.parametrize("sessions", [100, pytest.param(1000, marks=LONG)])
def test_lines_of_short_lives_are_found_under_the_unit(serving: Box, sessions: int) -> None:
    """Check 19: journald asks who wrote a line when it reads it, and by then he may have gone."""
    assert refused(serving, sessions, 1, seconds=sessions / 200)["refused"] == sessions

    serving.wait_until("all have ended", lambda: lines(serving, "closed by QUIT") == sessions)
    named = lines(serving, ".", "-t", "pymta")
    ours = lines(serving, ".", "-t", "pymta", "-u", "pymta")
    print(f"\n{sessions} sessions: {named} lines by name, {ours} of them by unit")
    assert named >= 3 * sessions
    assert ours >= 0.995 * named


def test_a_burst_of_refusals_arrives_whole(serving: Box) -> None:
    """Check 20: also where the journal limits the rate of every service that says nothing."""
    limit_rates(serving)

    found = refused(serving, sessions=100, recipients=20, seconds=1.0)

    written = lines(serving, "rejected RCPT", "-t", "pymta")
    whole = lines(serving, "rejected RCPT", "-t", "pymta", "PYMTA_KIND=rejected")
    print(f"\n{found}; {written} lines, {whole} of them with fields")
    assert found["refused"] == 2000 == written


@pytest.mark.parametrize(
    ("processes", "each", "seconds"),
    [(300, 1, 0.0), (100, 20, 0.4), pytest.param(1000, 50, 10.0, marks=LONG)],
)
def test_a_flood_of_lines_arrives_whole(
    box: Box, processes: int, each: int, seconds: float
) -> None:
    """Check 20, at full speed: processes that do nothing but log, in a unit of ours."""
    limit_rates(box)
    box.write("/usr/lib/pymta/flood.py", FLOOD.read_text())
    start = f"{' '.join(mta.PYTHON)} -c '{RUN_FLOOD}' {processes} {each} {seconds}"
    box.write(
        "/etc/systemd/system/pymta-queue.service.d/flood.conf",
        f"[Unit]\nConditionDirectoryNotEmpty=\n[Service]\nExecStart=\nExecStart={start}\n",
    )
    box.run("systemctl", "daemon-reload")

    box.run("systemctl", "start", "pymta-queue", timeout=300)

    written = lines(box, "flood", "-t", "pymta")
    ours = lines(box, "flood", "-u", "pymta-queue")
    whole = lines(box, "flood", "-t", "pymta", "PYMTA_KIND=delivered")
    told = box.says("journalctl", "-q", "-o", "cat", "PYMTA_KIND=remark")
    print(f"\n{told}: {written} are there, {ours} of them by unit, {whole} with fields")
    assert written == processes * each
    assert ours >= 0.995 * written


@pytest.mark.parametrize(
    ("sessions", "recipients", "seconds", "loses"),
    [(30, 50, 1.0, False), pytest.param(400, 200, 20.0, True, marks=LONG)],
)
def test_a_journal_that_hangs_holds_nobody_up_and_what_it_cost_is_told(
    serving: Box, sessions: int, recipients: int, seconds: float, loses: bool
) -> None:
    """Check 20: what both ways to the journal refused is counted, over a reload as well."""
    serving.run("systemctl", "kill", "-s", "STOP", "systemd-journald")
    try:
        found = refused(serving, sessions, recipients, seconds)
        serving.run("systemctl", "reload", "pymta")
    finally:
        serving.run("systemctl", "kill", "-s", "CONT", "systemd-journald")

    # Beside those refusals there are few lines, and of each session two: begin and end.
    total = sessions * (recipients + 2)
    words = "rejected RCPT\\|SMTP connection"
    serving.wait_until(
        "each line is there, or counted", lambda: lines(serving, words) + lost(serving) >= total
    )
    written = lines(serving, words, "-t", "pymta")
    whole = lines(serving, words, "-t", "pymta", "_TRANSPORT=journal")
    print(
        f"\n{found}; of {total} lines {written} were written, {whole} of them with fields;"
        f" {lost(serving)} were lost, and told"
    )
    assert found["refused"] == sessions * recipients
    assert found["slowest"] < 5
    assert whole < written, "the journal did not hang"
    assert loses == (lost(serving) > 0)
    assert written + lost(serving) - total < 10


def lost(box: Box) -> int:
    told = box.says("journalctl", "-q", "-o", "json", "PYMTA_KIND=log_lost").splitlines()
    return sum(int(json.loads(line)["PYMTA_LOST"]) for line in told)


def test_a_change_of_settings_can_be_looked_up_and_each_line_knows_its_generation(
    serving: Box,
) -> None:
    mta.settings(serving, SHORT_LIVES + 'smtp_accept_max = 50\nlocal_domains = ["box.example"]\n')
    diff = serving.run("pymta", "config", "diff", check=False)
    assert (diff.returncode, diff.stdout.splitlines()) == (
        1,
        ["smtp_accept_max 20 -> 50", "local_domains +box.example -@ -localhost"],
    )

    serving.run("systemctl", "reload", "pymta")
    mta.greeting(serving)

    (told,) = serving.says(
        *("journalctl", "-q", "-u", "pymta", "-o", "json", "PYMTA_OPTION=smtp_accept_max")
    ).splitlines()
    record = json.loads(told)
    text = "generation 1 -> 2: smtp_accept_max 20 -> 50; local_domains +box.example -@ -localhost"
    assert record["MESSAGE"] == text
    assert record["PYMTA_GENERATION"] == "2"
    assert record["PYMTA_OPTION"] == ["smtp_accept_max", "local_domains"]
    (connection,) = serving.says(
        *("journalctl", "-q", "-o", "json", "PYMTA_KIND=connection")
    ).splitlines()
    assert json.loads(connection)["PYMTA_GENERATION"] == "2"
    assert mta.shows(serving, "StatusText").endswith("configuration 2")
