"""Roles under systemd: each socket is what its name says, in whatever order units start."""

from __future__ import annotations

import pytest

from tests.doubles.box import Box
from tests.doubles.certificates import Certificate
from tests.systemd import mta
from tests.systemd.test_tls import BY_CREDENTIAL, lay_down, shown
from tests.systemd.trees import ON_257, ON_BOTH

pytestmark = [pytest.mark.root, ON_257]

SUBMIT = "/run/pymta/submit"
LOCAL, SUBMISSION, SUBMISSIONS = (
    f"pymta-{name}.socket" for name in ("local", "submission", "submissions")
)
ALL = {
    "smtp": "listener smtp: port 25 (IPv6 with IPv4)",
    "submission": "listener submission: port 587 (IPv6 with IPv4)",
    "submissions": "listener submissions: port 465 (IPv6 with IPv4)",
    "local": f"listener local: {SUBMIT}",
}
TALK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.settimeout(20)
    sock.connect(sys.argv[1])
    file = sock.makefile("rw", newline="")
    for line in ["", *sys.argv[2:]]:
        if line:
            file.write(line.replace("\\n", "\\r\\n") + "\\r\\n")
            file.flush()
        said = file.readline()
        while said[3:4] == "-":
            said = file.readline()
        print(said, end="")
"""


def told(box: Box, kind: str, *match: str) -> list[str]:
    """The lines of one kind since the last start of the service."""
    invocation = mta.shows(box, "InvocationID")
    query = ("--no-pager", "-o", "cat", f"PYMTA_KIND={kind}", *match)
    return box.says("journalctl", f"_SYSTEMD_INVOCATION_ID={invocation}", *query).splitlines()


def submit(box: Box, user: str, *lines: str) -> list[str]:
    """What a process of this user hears on the local socket."""
    words = ("runuser", "-u", user, "--", *mta.PYTHON, "-c", TALK, SUBMIT, *lines)
    return box.says(*words).splitlines()


@pytest.mark.parametrize(
    "order",
    [(SUBMISSION, SUBMISSIONS, LOCAL), (LOCAL, SUBMISSIONS, SUBMISSION)],
    ids=["587 465 local", "local 465 587"],
)
def test_each_socket_has_the_role_of_its_name_in_whatever_order_they_start(
    box: Box, certificate: Certificate, order: tuple[str, ...]
) -> None:
    """Check 5"""
    lay_down(box, certificate)
    mta.settings(box, BY_CREDENTIAL)
    box.run("systemctl", "start", "pymta.service")
    for unit in order:
        box.run("systemctl", "enable", unit)
    box.run("systemctl", "restart", "pymta.service")

    assert sorted(told(box, "listening")) == sorted(ALL.values())
    for role, line in ALL.items():
        assert told(box, "listening", f"PYMTA_ROLE={role}") == [line]
    assert mta.first_line(box, "127.0.0.1", 25).startswith("220 ")
    assert mta.first_line(box, "127.0.0.1", 587).startswith("220 ")
    assert shown(box) == certificate.file.read_text()  # of 465, with TLS from the first octet
    assert shown(box, 587, "-starttls", "smtp") == certificate.file.read_text()
    heard = submit(
        box,
        "nobody",
        "EHLO here",
        "MAIL FROM:<nobody@localhost>",
        "RCPT TO:<user@localhost>",
        "DATA",
        "Subject: from here\n\nhi\n.",
        "QUIT",
    )
    assert [text[:3] for text in heard] == ["220", "250", "250", "250", "354", "250", "221"]
    (mail,) = mta.wait_for_mail(box)
    uid = box.says("id", "-u", "nobody").strip()
    assert f"Received: from nobody (uid {uid})\n" in mail.replace("\r", "")
    message = mta.queue_id(heard[5])
    arrival = next(text for text in mta.story(box, message).splitlines() if "<= " in text)
    assert "<= nobody@localhost U=nobody P=local-esmtp S=" in arrival
    assert told(box, "arrived", f"PYMTA_PEER_UID={uid}")


@ON_BOTH
def test_a_call_on_the_local_socket_starts_the_daemon(box: Box) -> None:
    """Architecture, decision 9: mail of cron needs no daemon that runs, and no right at all."""
    box.run("systemctl", "start", "pymta.socket", LOCAL)
    assert mta.shows(box, "ActiveState") == "inactive"

    assert submit(box, "nobody", "QUIT")[0].startswith("220 ")

    assert mta.shows(box, "ActiveState") == "active"
    assert "local mail on /run/pymta/submit" in mta.shows(box, "StatusText")


def test_the_local_socket_outlives_restarts_and_reloads_of_the_service(box: Box) -> None:
    """RuntimeDirectory= must not take its name away (systemd.md 1.7)."""
    box.run("systemctl", "enable", "--now", LOCAL)
    box.run("systemctl", "start", "pymta.service")
    for verb in ("restart", "reload", "restart"):
        box.run("systemctl", verb, "pymta.service")
        assert submit(box, "nobody", "QUIT")[0].startswith("220 ")


def test_a_name_that_means_nothing_ends_the_start_and_is_told(box: Box) -> None:
    box.write(
        f"/etc/systemd/system/{SUBMISSION}.d/name.conf", "[Socket]\nFileDescriptorName=submision\n"
    )
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", SUBMISSION)

    assert box.run("systemctl", "start", "pymta.service", check=False).returncode != 0

    log = box.says("journalctl", "--no-pager", "-u", "pymta", "-o", "cat")
    assert 'pymta cannot start: socket "submision" (descriptor ' in log
    assert "want FileDescriptorName= to be smtp, submission, submissions, local" in log


def test_a_selfbound_daemon_has_its_own_local_socket(box: Box) -> None:
    """Item 10, in the unit that lets it bind."""
    mta.settings(box, f'local_socket = "{SUBMIT}"\n')
    box.run("systemctl", "start", "pymta-selfbound.service")

    assert submit(box, "nobody", "QUIT")[0].startswith("220 ")
    box.run("systemctl", "restart", "pymta-selfbound.service")
    assert submit(box, "nobody", "QUIT")[0].startswith("220 ")
    box.run("systemctl", "stop", "pymta-selfbound.service")
    assert box.run("test", "-e", SUBMIT, check=False).returncode != 0
