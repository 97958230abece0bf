"""The control socket of a real daemon: who may ask for what, and what no asker can do to it."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from pymta.channel.control import LONGEST
from tests.doubles import warm
from tests.doubles.daemon import DEADLINE, Daemon, command, daemon, daemon_after, wait_until
from tests.doubles.people import as_user
from tests.doubles.ways_in import readable
from tests.lives.test_session_life import line

ADMINS = 4711
ID = "1aaaaa-00000000001-0000"


def enter(made: Daemon) -> None:
    """Let other users reach the socket."""
    made.directory.chmod(0o755)


def report(made: Daemon) -> dict[str, object]:
    done = made.run("status", "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_message_is_delivered_when_somebody_says_so() -> None:
    """N-22, message 1"""
    with daemon(queue_only=True) as made:
        id = made.send("user@localhost")
        assert made.queued() == [id]

        assert made.ask(f"deliver {id}") == "ok"

        made.wait_for_mail("user")
        made.wait_for_log(f"{id} Completed")
        assert f"{id} notify triggered queue run\n" in made.log()


def test_what_is_no_message_id_is_refused() -> None:
    """N-22"""
    with daemon() as made:
        for argument in ("", " ", " 1aaaaa", " ../../etc/passwd", " \x1b[2J"):
            assert made.ask(f"deliver{argument}") == "failed want a message id", argument
        assert "notify" not in made.log()


def test_an_id_that_nobody_has_does_no_harm() -> None:
    with daemon() as made:
        assert made.ask("deliver 1aaaaa-00000000001-0000") == "ok"
        made.wait_for_log("1aaaaa-00000000001-0000 notify triggered queue run")
        made.send("user@localhost")
        made.wait_for_mail("user")


def test_the_queue_is_counted_for_whoever_asks() -> None:
    """N-22, message 2: one figure for a minute."""
    with daemon(queue_only=True) as made:
        assert made.ask("queue-size") == "ok 0"
        made.send("user@localhost")

        assert made.ask("queue-size") == "ok 0"
        wait_until(lambda: len(made.family()) <= 2, "the counting child has gone")
        assert report(made)["queue"]


def test_the_status_is_for_people_and_for_programs() -> None:
    with daemon(smtp_accept_max=7) as made, made.raw() as one, made.raw() as two:
        assert line(one).startswith("220")
        assert line(two).startswith("220")

        found = report(made)
        text = made.run("status").stdout

        assert found["connections"] == {
            "now": 2,
            "max": 7,
            "by_address": {"127.0.0.1": 2},
            "free_workers": 0,
        }
        assert found["last_reload"] is None
        assert f"pymta 0.1.0: process {made.pid}, up " in text
        assert "\nconnections    2/7\n  127.0.0.1                                2\n" in text

        assert made.run("reload").returncode == 0
        after = report(made)
        assert after["last_reload"]
        assert (after["generation"], after["connections"]) == (2, found["connections"])
        assert "\nlast reload    " in made.run("status").stdout


def test_uptime_counts_from_the_first_image() -> None:
    with daemon() as made:
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 1.5, "some time")
        assert made.run("reload").returncode == 0

        uptime = report(made)["uptime"]

        assert isinstance(uptime, float)
        assert 1.5 < uptime < time.monotonic() - began + 30


def test_callers_who_wait_are_seen() -> None:
    """N-24: the daemon is held up, and the kernel keeps its callers."""
    with daemon() as made, made.control() as asking, ExitStack() as stack:
        assert "waiting at" not in made.status()
        os.kill(made.pid, signal.SIGSTOP)
        try:
            callers = [stack.enter_context(made.raw()) for _ in range(5)]
            asking.send(b"status")
        finally:
            os.kill(made.pid, signal.SIGCONT)

        # By then it has taken one or two, since calls come after commands in each turn.
        seen = re.search(r", (\d+)/(\d+) waiting at \[127\.0\.0\.1\]", asking.recv(1000).decode())
        assert seen
        assert 1 <= int(seen[1]) <= 5
        assert int(seen[2]) >= 512
        for caller in callers:
            assert line(caller).startswith("220")
        assert "waiting at" not in made.status()


def _ask_as(made: Daemon, request: bytes, groups: tuple[int, ...] = ()) -> str:
    return as_user(lambda: made.ask(request.decode()), groups=groups)


class TestOthers:
    pytestmark = pytest.mark.root

    def test_nobody_else_is_heard(self) -> None:
        """N-22, ST-03: with a reason; and the log knows who it was."""
        with daemon_after(enter, admin_groups=[ADMINS]) as made:
            for request in (b"status", b"reload", b"queue-size", b"deliver x", b"nonsense"):
                answer = _ask_as(made, request)
                assert answer == "failed only root and members of 4711 may"
            assert _ask_as(made, b"status", groups=(4, 5, 6)).startswith("failed only root")
            made.wait_for_log(r"control socket: uid 65534 \(process \d+\) is not allowed$")

    def test_members_of_admin_groups_are(self) -> None:
        """N-22, ST-03: by a group among others."""
        with daemon_after(enter, admin_groups=["adm", ADMINS]) as made:
            assert _ask_as(made, b"status", groups=(7, ADMINS)).startswith("ok listening")
            assert _ask_as(made, b"reload", groups=(ADMINS,)) == "ok generation 2 serves"
            assert "not allowed" not in made.log()

    def test_a_reload_changes_who_may(self) -> None:
        with daemon_after(enter) as made:
            assert _ask_as(made, b"status", groups=(ADMINS,)) == "failed only root may"
            made.write_settings(admin_groups=[ADMINS])
            assert made.run("reload").returncode == 0
            assert _ask_as(made, b"status", groups=(ADMINS,)).startswith("ok ")

    def test_everybody_may_have_mail_delivered_where_the_operator_says_so(self) -> None:
        """ST-03: prod_requires_admin"""
        with daemon_after(enter, prod_requires_admin=False, queue_only=True) as made:
            id = made.send("user@localhost")
            assert _ask_as(made, b"reload") == "failed only root may"
            assert _ask_as(made, f"deliver {id}".encode()) == "ok"
            made.wait_for_mail("user")

    def test_an_admin_uses_the_commands_and_the_daemon_does_the_work(self, tmp_path: Path) -> None:
        """ST-03: he could not even read the queue."""
        with daemon_after(enter, admin_groups=[ADMINS], queue_only=True) as made:
            made.state.chmod(0o700)
            first, second = made.send("alice@localhost"), made.send("bob@localhost")
            admin = Member(made, tmp_path, groups=str(ADMINS))

            assert admin.run("status").stdout.startswith("pymta 0.1.0: process ")
            assert json.loads(admin.run("status", "--json").stdout)["queue"]["messages"] == 2
            assert admin.run("queue", "run", first).stdout == "the daemon delivers it\n"
            made.wait_for_log(f"{first} Completed")
            assert made.queued() == [second]
            assert admin.run("queue", "run").stdout == "a queue run has begun\n"
            made.wait_for_log(f"{second} Completed")
            assert admin.run("reload").stdout == "generation 2 serves\n"

    def test_an_admin_does_to_messages_what_root_does(self, tmp_path: Path) -> None:
        """By the hands of the daemon: the files are closed to him."""
        with daemon_after(enter, admin_groups=[ADMINS], queue_only=True) as made:
            made.state.chmod(0o700)
            first, second = made.send("alice@localhost"), made.send("bob@localhost")
            admin = Member(made, tmp_path, groups=str(ADMINS))

            held = admin.run("queue", "hold", first)
            assert held.stdout == "1 message held\n"
            assert held.stderr.endswith(f"{first} held by nobody\n")

            removed = admin.classic("-Mrm", second)
            assert removed.stdout == f"Message {second} has been removed\n"

            ran = admin.run("queue", "run", "--force", "--recipient", "alice@")
            assert (ran.returncode, made.queued()) == (0, [first])  # it is held
            assert "not allowed" not in made.log()
            wait_until(lambda: len(made.family()) <= 2, "those who did it have gone")

    def test_a_stranger_hears_who_may(self, tmp_path: Path) -> None:
        """N-22, ST-03: exit code 77"""
        with daemon_after(enter, admin_groups=[ADMINS]) as made:
            stranger = Member(made, tmp_path, groups="4712")
            for words in (["status"], ["reload"], ["queue", "run"], ["queue", "remove", ID]):
                done = stranger.run(*words)
                assert done.returncode == os.EX_NOPERM
                assert done.stderr == "pymta: only root and members of 4711 may\n"
            made.write_settings(queue_list_requires_admin=False, queue_only=True)
            assert made.run("reload").returncode == 0
            id = made.send("user@localhost")
            assert f" {id} <" in stranger.run("queue", "list").stdout
            assert stranger.run("queue", "show", id).returncode == os.EX_NOPERM


class Member:
    """Somebody without rights but those of his groups, at the command line."""

    def __init__(self, made: Daemon, cover: Path, groups: str) -> None:
        self._before = [*readable(cover), "setpriv", "--reuid=65534", "--regid=65534"]
        self._before.append(f"--groups={groups}")
        self._environment = made.environment

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run(command(*words))

    def classic(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-P", "-m", "pymta.cli.classic", *words])

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return warm.run(
            [*self._before, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )


def garbage(random: random.Random) -> bytes:
    words = (b"status", b"deliver ", b"reload\0", b"run -q", b"", b"\xff" * 9, b"x" * LONGEST * 2)
    return random.choice(words) + random.randbytes(random.randrange(200))


@contextmanager
def crowd(made: Daemon, times: int) -> Iterator[threading.Thread]:
    """Callers who say nonsense, say nothing, do not listen, or have gone already."""
    made_up = random.Random(1)

    def call(number: int) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(made.directory / "run" / "control"))
        left.append(sock)
        with suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):
            if number % 3:
                sock.send(garbage(made_up), socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
            if number % 7 == 0:
                sock.send(b"status-json", socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
        if len(left) > 200:
            left.pop(0).close()

    def call_all() -> None:
        for number in range(times):
            call(number)

    left: list[socket.socket] = []
    thread = threading.Thread(target=call_all)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
        for sock in left:
            sock.close()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a number is wanted


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_a_crowd_at_the_control_socket_keeps_no_mail_out() -> None:
    """N-22: it can neither stop nor block us, and costs a bounded number of descriptors."""
    with daemon() as made:
        before, memory = descriptors(made.pid), resident(made.pid)
        slowest = 0.0
        with crowd(made, 3000) as thread:
            while thread.is_alive():
                began = time.monotonic()
                with made.raw() as sock:
                    assert line(sock).startswith("220 ")
                    sock.sendall(b"QUIT\r\n")
                    assert line(sock).startswith("221 ")
                slowest = max(slowest, time.monotonic() - began)
                assert descriptors(made.pid) < before + 100
        assert slowest < 5
        wait_until(lambda: descriptors(made.pid) <= before + 4, "descriptors are given back")
        assert resident(made.pid) < memory + (16 << 20)
        assert made.status().startswith("ok listening")
        assert "Traceback" not in made.log()
        assert made.log().count("daemon started") == 1


def test_a_stop_answers_those_who_wait_and_says_no_to_new_ones() -> None:
    with daemon() as made, made.raw() as held, made.control() as asking:
        assert line(held).startswith("220")
        for text in (b"HELO x", b"MAIL FROM:<>", b"RCPT TO:<user@localhost>", b"DATA"):
            held.sendall(text + b"\r\n")
            line(held)
        made.write_settings(smtp_banner="never seen")
        asking.send(b"reload")
        made.send_signal(15)
        assert asking.recv(1000).decode() in {
            "failed the daemon is stopping",
            "ok generation 2 serves",
        }
        wait_until(lambda: "stopping" in made.status(), "the stop")
        for request in ("reload", "queue-size", "deliver 1aaaaa-00000000001-0000"):
            assert made.ask(request) == "failed the daemon is stopping"
        assert report(made)["state"] == "stopping"
        held.sendall(b"Subject: x\r\n\r\n.\r\n")
        assert line(held).startswith("250 ")
        assert made.wait_for_end() == 0
        assert not (made.directory / "run" / "control").exists()


def test_without_a_control_socket_a_signal_still_reloads() -> None:
    """N-22: notifier_socket is empty; a reload brings it back."""
    with daemon(notifier_socket="") as made:
        assert not (made.directory / "run" / "control").exists()
        assert made.run("status").returncode == os.EX_UNAVAILABLE

        made.write_settings(notifier_socket="control")
        made.send_signal(1)
        made.wait_for_log("daemon started", 2)
        wait_until((made.directory / "run" / "control").exists, "the socket")
        assert made.status().startswith("ok ")

        made.write_settings(notifier_socket="")
        assert made.run("reload").returncode == 0
        assert not (made.directory / "run" / "control").exists()


def test_a_daemon_is_found_by_its_state_directory() -> None:
    with daemon() as made:
        done = made.run("status", "--state", str(made.state), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["pid"] == made.pid
        assert made.run("status", "--state", "/nonexistent").returncode == os.EX_UNAVAILABLE
