"""A worker serves one connection after another, and nobody can tell (architecture, decision 3)."""

from __future__ import annotations

import os
import signal

import pytest

from tests.doubles.daemon import Daemon, daemon, wait_until
from tests.lives.test_session_life import line, workers


def quick_session(made: Daemon) -> None:
    with made.raw() as sock:
        assert line(sock).startswith("220")
        sock.sendall(b"QUIT\r\n")
        assert line(sock).startswith("221")


def test_one_worker_serves_many_one_after_the_other() -> None:
    with daemon(worker_idle_timeout="30s") as made:
        quick_session(made)
        made.wait_for_idle()
        (first,) = workers(made)
        for _ in range(20):
            quick_session(made)
        assert first in workers(made)
        assert len(workers(made)) < 20  # a call that comes before "done" is heard gets a new one


def test_with_a_limit_of_one_every_connection_has_a_fresh_process() -> None:
    with daemon(worker_max_connections=1) as made:
        seen = set[int]()
        for _ in range(5):
            with made.raw() as sock:
                assert line(sock).startswith("220")
                (worker,) = set(workers(made)) - seen
                seen.add(worker)
            wait_until(lambda gone=worker: gone not in workers(made), "it has ended")  # type: ignore[misc]
        assert len(seen) == 5


def test_a_worker_that_waits_holds_no_slot_and_goes_in_time() -> None:
    with daemon(smtp_accept_max=1, worker_idle_timeout="1s") as made:
        for _ in range(5):
            quick_session(made)
            made.wait_for_idle()
        wait_until(lambda: not workers(made), "nobody waits for longer than the time-out")
        quick_session(made)


def test_nothing_of_one_client_is_visible_to_the_next() -> None:
    """CL-02"""
    with daemon(worker_idle_timeout="30s") as made:
        with made.raw() as sock:
            assert line(sock).startswith("220")
            for text in (
                b"HELO first.test",
                b"MAIL FROM:<a@first.test>",
                b"RCPT TO:<user@localhost>",
            ):
                sock.sendall(text + b"\r\n")
                assert line(sock).startswith("250")
        made.wait_for_idle()
        before = workers(made)
        with made.raw() as sock:
            assert line(sock).startswith("220")
            assert workers(made) == before
            sock.sendall(b"DATA\r\n")
            assert line(sock).startswith("503")
            sock.sendall(b"MAIL FROM:<b@second.test>\r\n")
            assert line(sock) == "503 HELO or EHLO required"


def test_a_worker_that_was_killed_while_it_waited_is_not_missed() -> None:
    with daemon(worker_idle_timeout="30s") as made:
        quick_session(made)
        made.wait_for_idle()
        os.kill(workers(made)[0], signal.SIGKILL)
        made.wait_for_log("session process [0-9]+ was killed by SIGKILL")
        quick_session(made)


@pytest.mark.parametrize("held", [False, True], ids=["waiting", "at work"])
def test_a_reload_leaves_no_worker_with_the_old_settings(held: bool) -> None:
    with daemon(worker_idle_timeout="30s", smtp_banner="old") as made:
        quick = made.raw()
        assert line(quick) == "220 old"
        if not held:
            quick.sendall(b"QUIT\r\n")
            assert line(quick).startswith("221")
            quick.close()
        (old,) = workers(made)
        made.write_settings(smtp_banner="new")
        assert made.run("reload").returncode == 0
        if held:
            quick.sendall(b"QUIT\r\n")
            assert line(quick).startswith("221")
            quick.close()
        wait_until(lambda: old not in workers(made), "the old worker has gone")
        with made.raw() as sock:
            assert line(sock) == "220 new"
