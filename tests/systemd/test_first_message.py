"""From `systemctl start pymta.socket` to the Maildir, as the README promises it."""

from __future__ import annotations

import re

import pytest

from tests.doubles.box import Box
from tests.systemd import mta
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]


@pytest.fixture
def listening(box: Box) -> Box:
    box.run("systemctl", "start", "pymta.socket")
    return box


@ON_BOTH
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_service_starts_with_the_first_connection(listening: Box, host: str) -> None:
    """Check 3"""
    assert mta.shows(listening, "ActiveState") == "inactive"
    assert re.match(r"220 \S+ ESMTP", mta.first_line(listening, host))
    assert mta.shows(listening, "ActiveState") == "active"
    assert mta.shows(listening, "Type") == "notify"


@ON_BOTH
def test_the_daemon_has_no_capability_and_is_not_root(listening: Box) -> None:
    """Check 4"""
    mta.greeting(listening)
    pid = mta.shows(listening, "MainPID")
    status = listening.says("cat", f"/proc/{pid}/status")
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert not re.search(r"^Uid:.*\b0\b", status, re.MULTILINE)


@ON_BOTH
def test_systemctl_status_shows_listeners_and_figures(listening: Box) -> None:
    talk = mta.Talk(listening)
    listening.wait_until(
        "the status counts the session",
        lambda: "1/20 connections" in mta.shows(listening, "StatusText"),
    )
    assert "port 25" in mta.shows(listening, "StatusText")
    assert "Status:" in listening.run("systemctl", "status", "--no-pager", "pymta").stdout
    talk.say("QUIT")
    talk.end()
    listening.wait_until(
        "the status counts the session no more",
        lambda: "0/20 connections" in mta.shows(listening, "StatusText"),
    )


@pytest.mark.parametrize("server", ["127.0.0.1:25", "[::1]:25"], ids=["ipv4", "ipv6"])
def test_a_message_arrives_and_the_journal_tells_its_story(listening: Box, server: str) -> None:
    message = mta.send(listening, "--header", "Subject: first", server=server)
    (mail,) = mta.wait_for_mail(listening)
    assert "Subject: first" in mail
    assert mail.startswith("Return-Path: <someone@example.org>")
    story = mta.story(listening, message, "-u", "pymta")
    arrived, delivered, completed = story.splitlines()
    assert f"{message} <= someone@example.org" in arrived
    assert f"{message} => " in delivered
    assert completed.endswith(f"{message} Completed")


def test_each_kind_of_line_can_be_found_by_its_message_id(listening: Box) -> None:
    message = mta.send(listening)
    mta.story(listening, message)
    records = listening.says("journalctl", "-o", "json", f"PYMTA_QUEUE_ID={message}").splitlines()
    kinds = re.findall(r'"MESSAGE_ID":"([0-9a-f]{32})"', "\n".join(records).replace(" ", ""))
    assert len(set(kinds)) == len(records) == 3


def test_spool_and_mail_belong_to_pymta_alone(listening: Box) -> None:
    mta.send(listening)
    mta.wait_for_mail(listening)
    loose = ("find", "/var/lib/pymta", "!", "-user", "pymta", "-o", "-perm", "/007")
    assert listening.says(*loose) == ""


def test_stopping_the_socket_stops_the_service(listening: Box) -> None:
    """Check 6"""
    mta.greeting(listening)
    listening.run("systemctl", "stop", "pymta.socket")
    assert mta.shows(listening, "ActiveState") == "inactive"
    listening.run("systemctl", "restart", "pymta.socket")
    assert mta.greeting(listening).startswith("220 ")


def test_a_removal_stops_everything_and_keeps_the_mail(listening: Box) -> None:
    listening.run("systemctl", "enable", "--now", "pymta.service", "pymta-queue.timer")
    mta.send(listening)
    mta.wait_for_mail(listening)
    before = pymta_files(listening)
    listening.run(str(mta.INSTALL), "--remove")
    for unit in ("pymta.service", "pymta.socket", "pymta-queue.timer", "pymta-tidy.timer"):
        assert mta.shows(listening, "LoadState", unit) == "not-found"
        assert mta.shows(listening, "ActiveState", unit) == "inactive"
    assert before
    assert pymta_files(listening) == []
    assert len(mta.mailbox(listening)) == 1


def pymta_files(box: Box) -> list[str]:
    """Files and links of ours among those of systemd."""
    places = ("/etc/systemd", "/usr/lib/systemd", "/usr/lib/sysusers.d", "/usr/lib/tmpfiles.d")
    return box.says("find", *places, "-name", "*pymta*").split()
