"""sendmail as systemd's machine has it: on demand, over restarts, from closed units, by cron."""

from __future__ import annotations

import re

import pytest

from tests.doubles.box import Box
from tests.doubles.peers import CHECKOUT
from tests.systemd import mta
from tests.systemd.trees import ON_252, ON_BOTH

pytestmark = [pytest.mark.root, ON_252]

SENDERS = CHECKOUT / ".peers" / "senders"
SETTINGS = 'primary_hostname = "box.example"\nlocal_users = true\nretry = ["F,1h,1s"]\n'
SOCKETS = ("pymta.socket", "pymta-local.socket")
CRONTAB = """\
MAILTO=bob
@reboot alice printf '10\\r20\\n.\\nfrom cron\\n'
"""
PATCH = """\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Alice <alice@box.example>
Date: Fri, 27 Nov 2026 05:00:00 +0000
Subject: [PATCH] by git

---
 a | 0

--
2.39
"""
# Each as user alice, but for cron; `$S` is the tree of these programs.
BY = {
    "php": "$(echo $S/usr/bin/php?.?) -n -r"
    r""" 'exit((int)!mail("bob@box.example", "by php", "1\n.\n2", "Bcc: alice"));'""",
    "mutt": "echo hi | mutt -n -F /dev/null -e 'set copy=no' -s 'by mutt' bob@box.example",
    "s-nail": "echo hi | s-nail -:/ -s 'by s-nail' bob@box.example",
    "bsd-mailx": "echo hi | bsd-mailx -s 'by bsd-mailx' bob",
    "git": "perl $S/usr/lib/git-core/git-send-email --quiet --confirm=never --to=bob@box.example"
    " --suppress-cc=all --from='Alice <alice@box.example>' /home/alice/0001.patch",
}
AS_ALICE = """
set -e
S=/opt/senders; export S HOME=/home/alice TERM=dumb PERL5LIB=$S/usr/share/perl5
export PATH=$PATH:$S/usr/bin LD_LIBRARY_PATH=$(echo $S/usr/lib/*-linux-gnu)
export PHP_INI_SCAN_DIR= GIT_COMMITTER_NAME=Alice GIT_AUTHOR_NAME=Alice GIT_CONFIG_NOSYSTEM=1
cd /home/alice
"""


@pytest.fixture
def homes(box: Box) -> Box:
    """A machine with the users alice and bob, its sockets open and its daemon down."""
    box.run("sh", "-c", "rm -rf /home/alice /home/bob")
    for user in ("alice", "bob"):
        box.run("useradd", "--create-home", "--shell", "/bin/sh", user)
    mta.settings(box, SETTINGS)
    box.run("systemctl", "start", *SOCKETS)
    return box


def mail(box: Box, user: str) -> list[str]:
    files = box.says("sh", "-c", f"ls /home/{user}/Maildir/new/* 2>/dev/null; :").split()
    return [box.says("cat", file) for file in files]


def wait_for_mail(box: Box, user: str, count: int = 1) -> list[str]:
    box.wait_until(f"{count} for {user}", lambda: len(mail(box, user)) >= count)
    return mail(box, user)


@ON_BOTH
def test_mail_of_a_user_starts_the_service_and_says_whose_it_is(homes: Box) -> None:
    """Acceptance check 23."""
    assert mta.shows(homes, "ActiveState") == "inactive"
    words = ("-f", "root@box.example", "bob")
    text = "Subject: x\nFrom: root\n\nhi\n"

    homes.run("runuser", "-u", "alice", "--", "sendmail", *words, stdin=text)

    (got,) = wait_for_mail(homes, "bob")
    assert got.startswith("Return-Path: <alice@box.example>\n")
    assert re.search(r"^Received: from alice \(uid \d+\)$", got, re.MULTILINE)
    assert "\nSender: <alice@box.example>\n" in got
    assert "\nFrom: root@box.example\n" in got
    listing = "stat -c '%U:%G %a' /home/bob/Maildir/new/*"
    assert homes.says("sh", "-c", listing) == "bob:bob 600"
    assert mta.shows(homes, "ActiveState") == "active"


CLOSED = """\
[Service]
Type=oneshot
StandardInput=file:/message
ExecStart=/usr/sbin/sendmail -t -i
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateNetwork=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX
RestrictSUIDSGID=yes
CapabilityBoundingSet=
SystemCallFilter=@system-service
"""


def test_a_unit_that_may_do_nothing_may_send_mail(homes: Box) -> None:
    """NoNewPrivileges=yes and DynamicUser=yes, where a set-id program is of no use."""
    homes.write("/etc/systemd/system/closed.service", CLOSED)
    homes.write("/message", "To: bob\nSubject: x\n\n" + "long\n" * 100_000)
    homes.run("systemctl", "daemon-reload")

    homes.run("systemctl", "start", "closed.service")

    (got,) = wait_for_mail(homes, "bob")
    assert re.match(r"Return-Path: <(closed|6\d{4})@box\.example>\n", got), got[:200]
    assert got.count("\nlong") == 100_000


def test_a_loop_of_mail_over_restarts_loses_none_that_it_was_told_is_safe(homes: Box) -> None:
    """Nothing is lost with exit status 0, and nothing is refused while the service restarts."""
    loop = homes.start(
        *("runuser", "-u", "alice", "--", "sh", "-c"),
        "n=0; while [ ! -e /tmp/enough ]; do n=$((n+1));"
        ' echo "number $n." | sendmail bob && echo $n; done',
    )
    for _ in range(3):
        before = mta.shows(homes, "InvocationID")
        homes.run("systemctl", "restart", "pymta.service")
        assert mta.shows(homes, "InvocationID") != before
    mta.kill(homes, mta.shows(homes, "MainPID"))
    homes.wait_until("it is back", lambda: mta.shows(homes, "ActiveState") == "active")
    homes.run("touch", "/tmp/enough")
    said, _ = loop.communicate(timeout=90)
    numbers = said.split()
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)], said
    homes.run("systemctl", "start", "pymta-queue.service")

    def arrived() -> list[str]:
        text = homes.says("sh", "-c", "cat /home/bob/Maildir/new/* 2>/dev/null; :")
        return re.findall(r"^number (\d+)\.$", text, re.MULTILINE)

    homes.wait_until("all mail", lambda: len(set(arrived())) >= len(numbers), 60)
    print(len(numbers), "messages,", len(arrived()) - len(numbers), "twice")
    assert sorted(set(arrived()), key=int) == numbers


def test_programs_that_run_sendmail_get_their_mail_through(homes: Box) -> None:
    """Real ones of Debian: cron, PHP, git send-email, mutt, s-nail and bsd-mailx."""
    homes.run("cp", "-a", str(SENDERS), "/opt/senders")
    homes.write("/home/alice/0001.patch", PATCH)
    for name, script in BY.items():
        command = ("runuser", "-u", "alice", "--", "sh", "-c", AS_ALICE + script)
        done = homes.run(*command, check=False)
        assert done.returncode == 0, (name, done.stdout)
    start_cron(homes)

    got = wait_for_mail(homes, "bob", len(BY) + 1)
    for name in BY:
        (one,) = [text for text in got if f" by {name}\n" in text]
        assert one.startswith("Return-Path: <alice@box.example>\n"), one
        assert re.search(r"^From: .*alice@box\.example", one, re.MULTILINE), one
        assert "\nSender:" not in one, one
        assert "\nMessage-I" in one, one
    (by_php,) = [text for text in got if " by php\n" in text]
    assert "\n1\n.\n2" in by_php
    assert "Bcc" not in by_php
    assert len(wait_for_mail(homes, "alice")) == 1
    (by_cron,) = [text for text in got if "from cron" in text]
    assert "\nFrom: root@box.example (Cron Daemon)\nTo: bob@box.example\n" in by_cron
    assert by_cron.endswith("\n10\n20\n.\nfrom cron")


def start_cron(box: Box) -> None:
    """Jobs for @reboot run at its start."""
    box.write("/etc/cron.d/mail", CRONTAB)
    script = (
        "cp /opt/senders/etc/pam.d/cron /etc/pam.d/; mkdir -p /var/spool/cron/crontabs;"
        " rm -f /run/crond.*; exec systemd-run --quiet --unit=cron /opt/senders/usr/sbin/cron -f"
    )
    box.run("sh", "-c", script)
