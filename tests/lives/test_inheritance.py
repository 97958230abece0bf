"""A daemon under parents that leave it strange things: ignored signals, limits, the number 1."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from tests.doubles.daemon import daemon, wait_until
from tests.doubles.standalone import Standalone, standalone, status_of
from tests.lives.test_session_life import line

SIGNALS = "CHLD,HUP,INT,TERM,PIPE,USR1,USR2,ALRM"


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def zombies(pid: int) -> list[int]:
    return [child for child in children(pid) if status_of(child, "State")[0] == "Z"]


def test_signals_that_a_parent_ignored_and_blocked_work_again() -> None:
    """ST-10: reaping, reload, and the end."""
    with standalone(worker_idle_timeout="1s") as made:
        made.prefix = ["env", f"--ignore-signal={SIGNALS}", f"--block-signal={SIGNALS}"]
        with made.in_front() as process:
            with made.connect() as sock:
                assert line(sock).startswith("220 ")
                (worker,) = children(process.pid)
                assert int(status_of(worker, "SigBlk")[0], 16) == 0
                os.kill(worker, signal.SIGTERM)
                assert line(sock).startswith("421 ")
            wait_until(lambda: not children(process.pid), "the worker is reaped")

            made.write_settings(smtp_banner="after the reload")
            process.send_signal(signal.SIGHUP)
            made.wait_for_log("daemon started", 2)
            assert made.greeting() == "220 after the reload"
            wait_until(  # while it forks all are blocked for a moment
                lambda: int(status_of(process.pid, "SigBlk")[0], 16) == 0, "none is blocked"
            )

            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_client_that_vanishes_while_we_write_does_not_kill_the_worker() -> None:
    """ST-10: SIGPIPE means nothing to us; the error of the write does."""
    with daemon(smtp_accept_max_nonmail=0) as made:
        with made.raw() as sock:
            assert line(sock).startswith("220 ")
            sock.sendall(b"NOOP\r\n" * 5000)
            # A reset instead of an end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.wait_for_idle()
        assert "killed" not in made.log()
        assert "Traceback" not in made.log()


def test_descriptors_are_taken_up_to_what_is_allowed() -> None:
    """ST-09"""
    with standalone() as made:
        made.prefix = ["prlimit", "--nofile=200:4096"]
        with made.in_front() as process:
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            (files,) = [text for text in limits.splitlines() if text.startswith("Max open files")]
            assert files.split()[3:5] == ["4096", "4096"]


class FirstOfAll:
    """A daemon that is process 1 of a namespace; `pid` is what we call it from outside."""

    def __init__(self, made: Standalone, outside: subprocess.Popen[str]) -> None:
        self._made = made
        (self.pid,) = children(outside.pid)

    def run(self, *command: str) -> None:
        """A command beside it, and to its end."""
        enter = ["nsenter", "--target", str(self.pid), "--pid", "--mount", "--"]
        subprocess.run([*enter, *command], check=True, timeout=30, stdin=subprocess.DEVNULL)

    def status(self) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.settimeout(10)
            sock.connect(str(self._made.directory / "run" / "control"))
            sock.send(b"status")
            return sock.recv(65536).decode()


@pytest.mark.root
def test_as_process_1_it_buries_orphans_and_ends_when_told_to() -> None:
    """N-20, CH-04: as in a container, whose processes all belong to it in the end."""
    with standalone() as made:
        made.prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with made.in_front() as outside:
            first = FirstOfAll(made, outside)
            assert "daemon started: pid=1, " in made.log()
            with made.connect() as sock:
                assert line(sock).startswith("220 ")
                before = children(first.pid)
                first.run("sh", "-c", "(exec sleep 0.2) & (exec sleep 0) &")
                wait_until(lambda: children(first.pid) == before, "the orphans are buried")
                assert "; 1/20 connections" in first.status()
            first.run("sh", "-c", 'sh -c "kill -SEGV \\$\\$" & exit 0')
            first.run("kill", "-TERM", "1")
            assert outside.wait(10) == 0
            assert "SIGTERM received: daemon stopping" in made.log()
            assert "pid 1: daemon stopped" in made.log()
            assert "killed" not in made.log()
