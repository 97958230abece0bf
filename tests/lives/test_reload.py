"""A new generation takes the place of the old one, and nobody notices but by its settings."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.doubles.daemon import HOSTNAME, Daemon, daemon
from tests.lives.test_session_life import line


@contextmanager
def client_loop(made: Daemon) -> Iterator[list[str]]:
    """Calls, one after the other, as long as the block lasts; everything that went wrong."""
    wrong: list[str] = []
    stop = threading.Event()
    served = [0]

    def call_again_and_again() -> None:
        while not stop.is_set():
            try:
                with made.raw() as sock:
                    greeting = line(sock)
                    sock.sendall(b"QUIT\r\n")
                    farewell = line(sock)
            except OSError as error:
                wrong.append(str(error))
                continue
            if not (greeting.startswith("220") and farewell.startswith("221")):
                wrong.append(f"{greeting!r} {farewell!r}")
            served[0] += 1

    callers = [threading.Thread(target=call_again_and_again) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        yield wrong
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert served[0]


def test_a_reload_serves_the_new_settings_and_refuses_nobody() -> None:
    """HU-02, HU-05: same pid, no call refused, and the command returns when they serve."""
    with daemon() as made:
        pid = made.pid
        with client_loop(made) as wrong:
            for number in range(3):
                made.write_settings(smtp_banner=f"generation of banner {number}")
                answer = made.run("reload")
                assert answer.returncode == 0, answer.stderr + made.log()
                with made.raw() as sock:
                    assert line(sock) == f"220 generation of banner {number}"
        assert not wrong
        assert made.pid == pid
        assert made.is_alive()
        assert made.log().count(f"pid {pid}: SIGHUP received: re-exec daemon") == 3
        assert made.log().count(f"daemon started: pid={pid}") == 4


def test_sessions_live_on_and_still_count() -> None:
    """HU-04"""
    with daemon(smtp_accept_max=1) as made, made.raw() as held:
        assert line(held).startswith("220")
        assert made.run("reload").returncode == 0

        with made.raw() as other:
            assert line(other).startswith("421 Too many concurrent SMTP connections")
        held.sendall(b"QUIT\r\n")
        assert line(held).startswith("221")
        assert held.recv(1) == b""
        with made.raw() as other:
            assert line(other).startswith("220")


def test_a_message_under_way_survives_a_reload() -> None:
    with daemon() as made, made.raw() as sock:
        assert line(sock).startswith("220")
        for text in (b"HELO client.test", b"MAIL FROM:<>", b"RCPT TO:<user@localhost>", b"DATA"):
            sock.sendall(text + b"\r\n")
            assert line(sock)[0] in "23"
        sock.sendall(b"Subject: over a reload\r\n\r\n")
        assert made.run("reload").returncode == 0
        sock.sendall(b"the rest\r\n.\r\n")
        assert line(sock).startswith("250 ")
        assert b"the rest" in made.wait_for_mail("user")[0]


def test_a_broken_configuration_changes_nothing_and_is_reported() -> None:
    """HU-06"""
    with daemon(smtp_banner="the old one") as made:
        made.write_settings(no_such_option="x", smtp_accept_max=-1)

        answer = made.run("reload")

        assert answer.returncode == 78
        assert "no_such_option" in answer.stderr
        assert "smtp_accept_max" in answer.stderr
        assert "reload refused" in made.log()
        with made.raw() as sock:
            assert line(sock) == "220 the old one"


def test_a_signal_does_what_the_command_does() -> None:
    """HU-01"""
    with daemon() as made:
        made.write_settings(smtp_banner="by signal")
        os.kill(made.pid, signal.SIGHUP)
        made.wait_for_log("daemon started", count=2)
        with made.raw() as sock:
            assert line(sock) == "220 by signal"


def test_several_wishes_at_once_are_all_answered() -> None:
    """HU-01"""
    with daemon() as made:
        answers: list[tuple[int, str]] = []

        def wish() -> None:
            done = made.run("reload")
            answers.append((done.returncode, done.stderr))

        wishes = [threading.Thread(target=wish) for _ in range(4)]
        for one in wishes:
            one.start()
        for one in wishes:
            one.join()
        assert answers == [(0, "")] * 4, made.log()
        assert made.is_alive()


def test_the_program_that_a_reload_starts_is_a_setting() -> None:
    """HU-02, HU-03: one that is not there leaves the old image serving, and is told."""
    with daemon() as made:
        made.write_settings(pymta_path="/nonexistent/python", smtp_banner="never served")
        refused = made.run("reload")
        assert refused.returncode == 78
        assert "exec of /nonexistent/python failed: No such file or directory" in refused.stderr
        with made.raw() as sock:
            assert line(sock).startswith(f"220 {HOSTNAME} ESMTP")

        made.write_settings(pymta_path=sys.executable, smtp_banner="served")
        assert made.run("reload").returncode == 0, made.log()
        with made.raw() as sock:
            assert line(sock) == "220 served"
        made.wait_for_log(rf"pid {made.pid}: exec of /nonexistent/python failed: No such file")


def test_the_log_says_what_a_reload_has_changed_and_diff_said_it_before() -> None:
    with daemon(smtp_accept_max=20) as made:
        made.write_settings(smtp_accept_max=50, queue_only=True)
        diff = made.run("config", "diff")
        assert (diff.returncode, diff.stdout) == (
            1,
            "smtp_accept_max 20 -> 50\nqueue_only false -> true\n",
        )

        assert made.run("reload").returncode == 0

        assert made.run("config", "diff").returncode == 0
        assert made.run("reload").returncode == 0
        told = [text for text in made.log().splitlines() if " generation " in text]
        assert [text.partition(" generation ")[2] for text in told] == [
            "1 -> 2: smtp_accept_max 20 -> 50; queue_only false -> true",
            "2 -> 3: no setting has changed",
        ]
