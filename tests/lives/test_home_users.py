"""A daemon without systemd that root starts: system users have their mail at home."""

from __future__ import annotations

import os
import pwd
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from pathlib import Path
from subprocess import Popen

import pytest

from tests.doubles.daemon import DEADLINE, HOSTNAME, wait_until
from tests.doubles.mail_store import mail_store
from tests.doubles.own_accounts import OwnAccounts
from tests.doubles.standalone import Standalone, standalone, status_of
from tests.doubles.ways_in import readable

pytestmark = pytest.mark.root
NOBODY = pwd.getpwnam("nobody")


@contextmanager
def house(cover: Path) -> Iterator[tuple[Standalone, OwnAccounts]]:
    with standalone(pymta_user="nobody", local_users=True) as made:
        people = OwnAccounts(made.directory, "alice", "bob")
        made.prefix = [*readable(cover), *people.prefix()]
        yield made, people


def send(made: Standalone, *to: str, text: str = "hi") -> tuple[str, dict[str, tuple[int, bytes]]]:
    """The reply to DATA, and refused recipients."""
    message = EmailMessage()
    message["Subject"] = "hello"
    message.set_content(text)
    with smtplib.SMTP(made.address, made.port, "client.test", timeout=DEADLINE) as client:
        client.ehlo()
        client.mail("sender@client.test")
        refused = {
            who: reply for who, reply in ((t, client.rcpt(t)) for t in to) if reply[0] != 250
        }
        code, said = (
            client.data(message.as_bytes(policy=SMTP_LINES)) if len(refused) < len(to) else (0, b"")
        )
    return f"{code} {said.decode()}", refused


def helper_of(made: Standalone) -> int:
    """Its process id."""
    found = [
        pid
        for pid in made.family()
        if b"pymta.local.main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return found[0] if found else 0


def wait_for_helper(made: Standalone) -> int:
    """It is started by the daemon, and not waited for."""
    wait_until(lambda: helper_of(made), "a helper")
    return helper_of(made)


def arrived(people: OwnAccounts, user: str, count: int, made: Standalone) -> list[bytes]:
    wait_until(lambda: len(people.mail(user)) >= count, made.log)
    return [path.read_bytes() for path in people.mail(user)]


def test_mail_lands_in_home_directories_and_goes_where_a_user_says(tmp_path: Path) -> None:
    with house(tmp_path) as (made, people), made.in_front() as process:
        assert status_of(process.pid, "Uid") == [str(NOBODY.pw_uid)] * 4
        helper = wait_for_helper(made)
        assert status_of(helper, "Uid") == ["0"] * 4
        assert status_of(helper, "CapEff") != ["0" * 16]
        to = (f"alice@{HOSTNAME}", "Bob@localhost", f"root@{HOSTNAME}", "carol@localhost")
        answer, refused = send(made, *to)
        assert answer.startswith("250 ")
        assert refused == {to[3]: (550, b"5.1.1 Unknown user")}
        made.wait_for_log(f"=> postmaster <root@{HOSTNAME}> R=local T=maildir")
        (mail,) = arrived(people, "alice", 1, made)
        assert b"\nSubject: hello\n" in mail
        (file,) = people.mail("alice")
        assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (people.users["alice"], 0o600)
        arrived(people, "bob", 1, made)
        made.wait_for_log(f"=> alice <alice@{HOSTNAME}> R=local_user T=maildir")
        made.wait_for_log("=> bob <Bob@localhost> R=local_user T=maildir")

        people.write("alice", ".forward", b"bob, \\alice\n")
        send(made, f"alice@{HOSTNAME}")
        arrived(people, "alice", 2, made)
        assert any(
            f"Delivered-To: alice@{HOSTNAME}\n".encode() in mail
            for mail in arrived(people, "bob", 2, made)
        )
        made.wait_for_log(f"=> bob <alice@{HOSTNAME}> R=local_user T=maildir")
        wait_until(lambda: not made.queued(), made.log)
    wait_until(lambda: not made.family(), "the helper ends with its daemon")


def test_a_reload_keeps_the_helper_and_a_stop_ends_it(tmp_path: Path) -> None:
    with house(tmp_path) as (made, people):
        with made.in_front():
            helper = wait_for_helper(made)
            made.write_settings(smtp_banner="after the reload")
            answer = made.run("pymta", "reload", "--state", str(made.state))
            assert answer.returncode == 0, answer.stderr
            assert made.greeting() == "220 after the reload"
            assert helper_of(made) == helper
            send(made, f"alice@{HOSTNAME}")
            arrived(people, "alice", 1, made)
        wait_until(lambda: not helper_of(made), "the helper ends with its daemon")


def test_a_daemon_that_is_killed_takes_its_helper_along(tmp_path: Path) -> None:
    with house(tmp_path) as (made, people):
        with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
            try:
                made.wait_for_log("daemon started")
                wait_for_helper(made)
            finally:
                process.kill()
        wait_until(lambda: not helper_of(made), "its leash has gone")
        with made.in_front():
            send(made, f"alice@{HOSTNAME}")
            arrived(people, "alice", 1, made)


def kill_helper(made: Standalone) -> None:
    os.kill(wait_for_helper(made), 9)
    wait_until(lambda: not helper_of(made), "it is dead")


def test_without_its_helper_mail_waits_and_a_queue_run_delivers_it(tmp_path: Path) -> None:
    with house(tmp_path) as (made, people):
        with made.in_front():
            kill_helper(made)
            answer, _ = send(made, f"alice@{HOSTNAME}")
            assert answer.startswith("250 ")
            made.wait_for_log(
                f"== alice <alice@{HOSTNAME}> R=local_user T=maildir defer (111):"
                " Connection refused: the delivery helper at"
            )
            assert people.mail("alice") == []
        with made.in_front():
            done = run(made, "pymta", "queue", "--state", str(made.state), "run", "--force")
            assert done == 0
            arrived(people, "alice", 1, made)
            assert len(people.mail("alice")) == 1


def run(made: Standalone, *words: str) -> int:
    process: Popen[str]
    with made.popen(*words) as process:
        said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, said
    return process.returncode


def test_nobody_listens_is_said_at_the_start(tmp_path: Path) -> None:
    """As an account that is not root, and without a unit."""
    with house(tmp_path) as (made, _):
        made.state.mkdir()
        for path in (made.state, made.directory / "run"):
            path.mkdir(exist_ok=True)
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        someone = ("setpriv", f"--reuid={NOBODY.pw_uid}", "--regid=65534", "--clear-groups")
        made.prefix = [*made.prefix, *someone]
        with made.in_front():
            made.wait_for_log("no delivery helper listens at /run/pymta-deliver/socket")


def test_commands_files_aliases_and_dovecot_have_their_mail(tmp_path: Path) -> None:
    """One daemon: alice's command and file, an alias as bob, and what remains goes to Dovecot."""
    with mail_store("alice", "bob") as store, house(tmp_path) as (made, people):
        # Nobody but root may have been able to write the aliases, nor the directories above.
        aliases = made.directory / "aliases"
        out = people.home("bob") / "out"
        aliases.write_text(f'list: "|/usr/bin/tee {out}", bob\n')
        made.directory.chmod(0o755)
        made.write_settings(
            local_transport=f"lmtp:unix:{store.path}",
            lmtp_local_part_only=True,
            alias_file=[str(aliases)],
            alias_user="bob",
            alias_user_files=[str(aliases)],
        )
        box = people.home("alice") / "box"
        say = people.write("alice", "say", b"#!/bin/sh\necho no $RECIPIENT; exit 69\n", 0o755)
        why = f"the command '{say}' returned 69 (EX_UNAVAILABLE): no alice@localhost"
        people.write("alice", ".forward", f"\\alice, {box}, |{say}\n".encode())
        with store.running(), made.in_front():
            wait_for_helper(made)
            assert send(made, "alice@localhost", "list@localhost")[0].startswith("250 ")
            wait_until(lambda: "Completed" in made.log(), made.log)
            log = made.log()
            for line in (
                "=> alice@localhost <alice@localhost> R=local T=lmtp",
                "=> bob@localhost <list@localhost> R=local T=lmtp",
                f"=> {box} <alice@localhost> R=local_user T=address_file",
                f"=> |/usr/bin/tee {out} <list@localhost> R=system_aliases T=address_pipe",
                f"** |{say} <alice@localhost> R=local_user T=address_pipe: {why}",
            ):
                assert line in log, log
            assert len(store.mail("alice")) == len(store.mail("bob")) == 1
        assert box.stat().st_uid == people.users["alice"]
        assert out.stat().st_uid == people.users["bob"]
        assert box.read_bytes().startswith(b"From sender@client.test ")
