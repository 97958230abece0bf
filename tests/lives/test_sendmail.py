"""sendmail against a daemon: mail of programs arrives, and no status says so when it does not."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles import sendmail
from tests.doubles.daemon import DEADLINE, Daemon, daemon_after
from tests.doubles.ways_in import readable
from tests.lives.test_local_role import local_socket, submit, with_local
from tests.lives.test_session_life import line

ME = pwd.getpwuid(os.getuid()).pw_name
CRON = "From: root (Cron Daemon)\nTo: user\nSubject: Cron <root@host> job\n\n10%\r20%\rdone\n"


@pytest.fixture(scope="module")
def made() -> Iterator[Daemon]:
    """One for all tests that leave nothing behind in it but mail."""
    with daemon_after(with_local, local_users=False) as one:
        yield one


def new_mail(made: Daemon, mailbox: str, before: list[bytes]) -> str:
    made.wait_for_mail(mailbox, len(before) + 1)
    (mail,) = [one for one in made.mailbox(mailbox) if one not in before]
    return mail.decode()


def test_what_cron_says_arrives_with_addresses_that_other_hosts_take(made: Daemon) -> None:
    before = made.mailbox("user")
    words = ("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "user")

    done = sendmail.run(submit(made), *words, text=CRON)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    mail = new_mail(made, "user", before)
    assert f"Return-Path: <{ME}@mx.pymta.test>\n" in mail
    assert "\nFrom: root@mx.pymta.test (Cron Daemon)\nTo: user@mx.pymta.test\n" in mail
    assert "\nDate: " in mail
    assert "\nMessage-ID: <" in mail
    assert mail.endswith("\n\n10%\n20%\ndone\n")


def test_php_gives_recipients_in_the_header_and_blind_ones_stay_blind(made: Daemon) -> None:
    before = made.mailbox("alice"), made.mailbox("bob")
    text = "To: Alice <alice@localhost>\r\nBcc: bob@localhost\r\nSubject: x\r\n\r\n.\r\nend\r\n"

    assert sendmail.run(submit(made), "-t", "-i", text=text).returncode == 0

    for mailbox, known in zip(("alice", "bob"), before, strict=True):
        mail = new_mail(made, mailbox, known)
        assert "Bcc" not in mail
        assert mail.endswith("\n\n.\nend\n")


def test_a_long_message_goes_through_a_file_and_arrives_whole(made: Daemon) -> None:
    before = made.mailbox("user")
    body = "".join(f"{n:060}\n.{n}\n" for n in range(40_000))

    assert sendmail.run(submit(made), "-i", "user", text=f"Subject: x\n\n{body}").returncode == 0

    assert new_mail(made, "user", before).endswith(f"\n\n{body}")


def test_whoever_is_refused_is_named_and_the_others_get_it(made: Daemon) -> None:
    before = made.mailbox("user")

    done = sendmail.run(submit(made), "nobody.such@localhost", "user@localhost")

    assert done.returncode == 67
    assert done.stderr == "pymta: <nobody.such@localhost>: 550 5.1.1 Unknown user\n"
    assert new_mail(made, "user", before).endswith("\nhi\n")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 64, "nobody to send to"),
        (["-t"], 65, "nobody to send to in To, Cc and Bcc"),
        (["-f", "a b@c.test", "user"], 64, "-f: no address"),
        (["Some Body"], 65, "no address, left out: Some Body"),
        (["-z", "user"], 64, "unknown option -z"),
        (["a@b@c.test"], 65, "501 5.1.3"),
    ],
)
def test_what_cannot_be_sent_is_told(
    made: Daemon, words: list[str], status: int, told: str
) -> None:
    done = sendmail.run(submit(made), *words)

    assert done.returncode == status
    assert told in done.stderr


def test_smtp_on_standard_input_is_passed_on(made: Daemon) -> None:
    """-bs, from a program that says all at once and does not wait for the end."""
    before = made.mailbox("bob")
    said = "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: bs\r\n\r\nhi\r\n.\r\n"

    done = sendmail.run(submit(made), "-bs", text=said)

    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1].startswith("221 ")
    assert "Subject: bs" in new_mail(made, "bob", before)


def test_a_client_that_breaks_off_in_a_message_leaves_none(made: Daemon) -> None:
    said = "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: torn\r\n\r\nhi\r\n"
    with subprocess.Popen(
        sendmail.command("-bs"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=sendmail.environment(submit(made)),
    ) as one:
        assert one.stdin
        assert one.stdout
        one.stdin.write(said.encode())
        one.stdin.flush()
        while not one.stdout.readline().startswith(b"354 "):
            pass
        one.kill()
    made.wait_for_idle()
    assert not [mail for mail in made.mailbox("bob") if b"Subject: torn" in mail]


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_smtp_behind_a_port_is_refused_or_the_network_were_a_user(
    made: Daemon, family: socket.AddressFamily
) -> None:
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with (
        socket.create_server((host, 0), family=family) as listening,
        socket.create_connection(listening.getsockname()[:2], DEADLINE) as stranger,
    ):
        said, status, told = _served(made, listening.accept()[0], stranger)

    assert said == b"421 4.3.5 No service for the network here\r\n"
    assert status == 78
    assert "use pymta.socket, or -bw where inetd listens" in told


def test_smtp_on_a_socket_of_this_machine_is_passed_on(made: Daemon) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        said, status, _ = _served(made, ours, theirs)

    assert said.startswith(b"220 ")
    assert (said.splitlines()[-1][:4], status) == (b"221 ", 0)


def _served(made: Daemon, at: socket.socket, by: socket.socket) -> tuple[bytes, int, str]:
    """What `by` hears from sendmail -bs that inetd has started; its status and standard error."""
    with at, by.makefile("rb") as heard:
        by.sendall(b"QUIT\r\n")
        done = subprocess.run(
            sendmail.command("-bs"),
            stdin=at.fileno(),
            stdout=at.fileno(),
            stderr=subprocess.PIPE,
            env=sendmail.environment(submit(made)),
            timeout=2 * DEADLINE,
            check=False,
        )
        at.shutdown(socket.SHUT_WR)
        return heard.read(), done.returncode, done.stderr.decode()


def test_a_client_that_goes_in_a_chunk_has_it_completed_by_nobody(made: Daemon) -> None:
    """RFC 3030 s2: whatever we said in its place would be octets of the message."""
    torn = "Subject: torn chunk\r\n\r\nhi\r\n"
    size = len(torn) + len("QUIT\r\n")
    said = f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nBDAT {size} LAST\r\n{torn}"

    done = sendmail.run(submit(made), "-bs", text=said)

    assert done.returncode == 75, done
    assert done.stdout.splitlines()[-1].startswith("421 4.4.2 ")
    made.wait_for_idle()
    assert not [mail for mail in made.mailbox("bob") if b"Subject: torn chunk" in mail]


def test_v_shows_the_dialogue(made: Daemon) -> None:
    done = sendmail.run(submit(made), "-v", "user")

    assert done.returncode == 0
    assert f">>> MAIL FROM:<{ME}> SIZE=" in done.stderr
    assert "<<< 250 2.0.0 OK id=" in done.stderr


def test_mail_for_the_queue_waits_there() -> None:
    with daemon_after(with_local) as made:
        assert sendmail.run(submit(made), "-odq", "user").returncode == 0
        assert sendmail.run(submit(made), "user").returncode == 0
        made.wait_for_mail("user")
        made.wait_for_log("Completed")
        assert len(made.queued()) == 1


@pytest.mark.root
def test_whose_mail_it_is_the_kernel_says(tmp_path: Path) -> None:
    """Check 23: a forged uid is impossible, and -f is for whom settings trust."""
    as_nobody = (*readable(tmp_path), *"setpriv --reuid 65534 --regid 65534 --clear-groups".split())
    words = ("-f", "boss@x.test", "-t")
    text = "To: user@localhost\nFrom: boss@x.test\nSender: boss@x.test\n\nhi\n"
    with daemon_after(with_local) as made:

        def mail_of_nobody() -> str:
            before = made.mailbox("user")
            made.directory.chmod(0o755)
            (made.directory / "run").chmod(0o755)
            done = sendmail.run(submit(made), *words, text=text, before=as_nobody)
            assert done.returncode == 0, done.stderr
            return new_mail(made, "user", before)

        mail = mail_of_nobody()
        assert "Return-Path: <nobody@mx.pymta.test>\n" in mail
        assert mail.count("Sender: ") == 1
        assert "\nSender: <nobody@mx.pymta.test>\n" in mail
        made.write_settings(trusted_users=["nobody"])
        assert made.run("reload", "--state", str(made.state)).returncode == 0
        mail = mail_of_nobody()
        assert "Return-Path: <boss@x.test>\n" in mail
        assert "\nSender: boss@x.test\n" in mail


# A server that does not take it


def waiting(socket: Path, *words: str) -> subprocess.Popen[bytes]:
    """One that has its message, and tries."""
    return subprocess.Popen(
        ["sh", "-c", 'echo hi | exec "$@"', "sh", *sendmail.command("-v", *words)],
        env=sendmail.environment(socket),
        stderr=subprocess.PIPE,
    )


def test_a_server_that_is_full_is_called_again_until_it_has_room() -> None:
    with daemon_after(with_local, local_accept_max=1) as made:
        with socket.socket(socket.AF_UNIX) as held:
            held.connect(str(submit(made)))
            assert line(held).startswith("220 ")
            done = sendmail.run(submit(made), "user", wait=0.3)
            assert done.returncode == 75
            assert "421 Too many concurrent local connections" in done.stderr
            assert "gave up after 0.3 seconds; nothing was sent" in done.stderr
            one = waiting(submit(made), "user")
            assert one.stderr
            assert b"<<< 421 " in one.stderr.readline()
        assert one.wait(30) == 0
        one.stderr.close()
        made.wait_for_mail("user")
        made.wait_for_empty_queue()
        assert len(made.mailbox("user")) == 1


def test_a_server_that_comes_later_gets_it() -> None:
    """A start on demand, or a restart: calls wait in the socket, or find none for a while."""

    def with_mail_before(made: Daemon) -> None:
        path = submit(made)
        assert sendmail.run(path, "user", wait=0).returncode == 75
        early.append(waiting(path, "user"))
        made.more_sockets.append(("local", local_socket(path)))

    early: list[subprocess.Popen[bytes]] = []
    with daemon_after(with_mail_before) as made:
        (one,) = early
        assert one.wait(30) == 0
        assert one.stderr
        one.stderr.close()
        made.wait_for_mail("user")


def test_a_server_that_dies_in_the_middle_is_no_success(tmp_path: Path) -> None:
    """Nothing but the last 250 counts; where it was lost, the message is said again."""
    path = tmp_path / "s"
    with local_socket(path) as server:
        one = waiting(path, "user@x.test")
        for says in ("", "220 a|", "220 a|250 b|250 b|250 b|354 c|"):
            talk(server, says)
        talk(server, "220 a|250 b|250 b|250 b|354 c|250 taken|221 d")
        assert one.wait(30) == 0
    assert one.stderr
    one.stderr.close()


def talk(server: socket.socket, says: str) -> None:
    """Take one call, say these lines, one after each that is heard, and hang up."""
    sock, _ = server.accept()
    with sock, sock.makefile("rwb") as file:
        for text in filter(None, says.split("|")):
            file.write(text.encode() + b"\r\n")
            file.flush()
            while text.startswith("354") and file.readline() != b".\r\n":
                pass
            if not text.startswith(("221", "354")):
                file.readline()


# What it costs


def test_hardly_anything_is_loaded_for_a_message() -> None:
    """It is started for every single mail: these alone cost more than all the rest."""
    program = (
        "import sys; before = set(sys.modules); sys.argv = ['-c', 'sendmail', 'a@b.test'];"
        "import pymta.cli.sendmail, pymta.submit.main, pymta.submit.pass_on;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.check_output(
        [sys.executable, "-S", "-P", "-c", program],
        env=sendmail.environment(Path("/nonexistent")),
        text=True,
    ).split()

    ours = {name for name in loaded if name.startswith("pymta")}
    assert ours <= {
        "pymta", "pymta.cli", "pymta.cli.sendmail", "pymta.cli.streams",
        "pymta.mail", "pymta.mail.listed",
        *(name for name in ours if name.startswith("pymta.submit")),
    }  # fmt: skip
    assert not set(loaded) & set(
        "site re enum dataclasses typing collections socket subprocess tempfile random logging"
        " email click pydantic_core inspect contextlib pathlib getopt argparse selectors".split()
    )


@pytest.mark.parametrize("name", ["mailq", "newaliases"])
def test_the_other_names_are_jobs_of_their_own(tmp_path: Path, name: str) -> None:
    (tmp_path / "spool").mkdir()
    done = subprocess.run(
        sendmail.command(name=name),
        env=sendmail.environment(tmp_path) | {"STATE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("aliases" in done.stdout) is (name == "newaliases")
