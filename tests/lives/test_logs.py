"""The logs of a real daemon: classic files, their owner, their times, and disks that are full."""

from __future__ import annotations

import os
import pwd
import re
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.doubles.daemon import DEADLINE, daemon, wait_until
from tests.doubles.standalone import Standalone, standalone

CLASSIC = "pymta.cli.classic"
NOBODY = pwd.getpwnam("nobody")
PAGE = 4096
SMALL_DISK = """
mount --make-rprivate /
mkdir -p "$1"
mount -t tmpfs -o size=16k,mode=777 logs "$1"
shift
exec "$@"
"""


def texts(path: Path) -> list[str]:
    """The lines of a log without their time."""
    return [line[20:] for line in path.read_text().splitlines()] if path.exists() else []


def send(port: int, address: str, to: str = "postmaster@localhost") -> None:
    with smtplib.SMTP(address, port, "client.test", timeout=DEADLINE) as client:
        client.sendmail("s@client.test", [to], "Subject: hi\r\n\r\nhi\r\n")


def test_each_log_has_its_file() -> None:
    """Section 0.2: what goes to two logs stands in both."""
    with daemon(worker_max_connections=1) as made:
        logs = made.directory / "logs"
        made.write_settings(log_file_path=f"{logs}/%slog")
        answer = made.run("reload", "--state", str(made.state))
        assert answer.returncode == 0, answer.stderr
        made.send("user@localhost")
        with made.connect() as client:
            client.ehlo("client.test")
            client.mail("s@client.test")
            code, _ = client.rcpt("stranger@localhost")
            assert code == 550
        made.wait_for_idle()
        wait_until(lambda: len(made.family()) == 1, "no worker of before")
        with made.raw() as sock:
            assert sock.recv(100)
            worker = next(pid for pid in made.family() if pid != made.pid)
            os.kill(worker, signal.SIGSEGV)
            wait_until((logs / "paniclog").exists, "a panic")

        assert [text.split()[0] for text in texts(logs / "rejectlog")] == ["H=(client.test)"]
        assert re.fullmatch(
            r"session process \d+ serving \[127\.0\.0\.1\] was killed by SIGSEGV",
            texts(logs / "paniclog")[0],
        )
        main = texts(logs / "mainlog")
        for text in (*texts(logs / "rejectlog"), *texts(logs / "paniclog")):
            assert text in main
        assert {path.stat().st_mode & 0o777 for path in logs.iterdir()} == {0o640}


@pytest.mark.root
def test_logs_belong_to_the_account_that_root_becomes() -> None:
    """PV-01: so do the directory that root makes for them and what a failed start writes."""
    with standalone(pymta_user="nobody", log_file_path="") as made:
        logs = made.directory / "logs"
        made.write_settings(log_file_path=["syslog", f"{logs}/%slog"])
        made.log_file = logs / "mainlog"
        with made.in_front():
            assert logs.stat().st_uid == NOBODY.pw_uid
            assert (logs / "mainlog").stat().st_uid == NOBODY.pw_uid
            send(made.port, made.address)
            made.wait_for_log("Completed")


def test_times_have_milliseconds_and_their_zone_and_lines_their_process() -> None:
    """N-39 millisec, pid; log_timezone and timezone, until a reload without them."""
    with standalone() as made:
        selectors = ["+millisec", "+pid", "+arguments"]
        made.write_settings(timezone="JST-9", log_timezone=True, log_selector=selectors)
        with made.in_front() as process:
            stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d \+0900"
            lines = made.log().splitlines()
            assert re.fullmatch(
                rf"{stamp} \[{process.pid}\] cwd={re.escape(str(Path.cwd()))} 4 args:"
                rf" \S+ daemon --config {re.escape(str(made.config))}",
                lines[0],
            )
            send(made.port, made.address)
            made.wait_for_log("Completed")
            (mail,) = (made.state / "mail" / "postmaster" / "new").iterdir()
            assert b" +0900\n" in mail.read_bytes()

            made.write_settings(timezone="", log_timezone=False, log_selector=[])
            assert made.run("pymta", "reload", "--state", str(made.state)).returncode == 0
            assert re.match(r"\S+ \d\d:\d\d:\d\d pymta ", made.log().splitlines()[-1])


def test_a_queue_run_of_the_classic_program_says_what_was_typed() -> None:
    """N-39 arguments"""
    with standalone(log_selector=["+arguments"]) as made, made.in_front():
        done = made.run(CLASSIC, "-qf", "-R", "a b")
        assert done.returncode == 0, done.stderr
        assert re.search(
            rf" cwd={re.escape(str(Path.cwd()))} 4 args: \S+ -qf -R \"a b\"\n", made.log()
        )


class SmallDisk:
    """A daemon whose log lies on a disk of 16 KiB, in a mount namespace of its own."""

    def __init__(self, made: Standalone) -> None:
        self._made = made
        logs = made.directory / "logs"
        # Else MAIL would be answered 452 long before the disk is full.
        made.write_settings(log_file_path=f"{logs}/%slog", check_log_space=0, check_log_inodes=0)
        made.prefix = ["unshare", "--mount", "bash", "-c", SMALL_DISK, "small", str(logs)]
        self._logs = logs
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def in_front(self) -> Iterator[subprocess.Popen[str]]:
        made = self._made
        with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
            self._process = process
            try:
                wait_until(self.texts, "daemon started")
                yield process
            finally:
                process.kill()

    @property
    def directory(self) -> Path:
        """As the daemon sees it."""
        assert self._process
        return Path(f"/proc/{self._process.pid}/root{self._logs}")

    def texts(self) -> list[str]:
        return texts(self.directory / "mainlog")

    def wait_for(self, text: str, count: int = 1) -> None:
        wait_until(
            lambda: sum(text in line for line in self.texts()) >= count,
            lambda: f"{text} in {self.texts()}",
        )

    def fill(self) -> Path:
        """Leave no byte of it, nor of the page that the log has begun."""
        with (self.directory / "mainlog").open("ab") as log:
            log.write(b"-" * (PAGE - 1 - log.tell() % PAGE) + b"\n")
        filler = self.directory / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * PAGE)
        return filler


@pytest.mark.root
def test_a_full_disk_of_the_log_keeps_no_mail_out() -> None:
    """CL-03: lines go to standard error meanwhile, and both ends of that are told."""
    with standalone() as made:
        disk = SmallDisk(made)
        with disk.in_front() as process:
            with smtplib.SMTP(made.address, made.port, timeout=DEADLINE) as client:
                client.sendmail("s@client.test", ["postmaster@localhost"], "first\r\n")
                disk.wait_for("Completed")
                filler = disk.fill()
                client.sendmail("s@client.test", ["postmaster@localhost"], "second\r\n")
                filler.unlink()
                client.sendmail("s@client.test", ["postmaster@localhost"], "third\r\n")
            disk.wait_for(" <= ", 2)
            main = disk.texts()
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=DEADLINE)
            assert process.returncode == 0

    log = made.directory / "logs" / "mainlog"
    cannot = (
        f"log cannot be written: {log}: No space left on device: lines go elsewhere until it can"
    )
    assert cannot in told
    assert told.count(" <= ") == 1
    assert sum(" <= " in line for line in main) == 2
    assert "log can be written again: lines before this one went elsewhere" in main


@pytest.mark.root
def test_lines_that_nobody_could_take_are_counted_for_all_workers() -> None:
    """CL-03: standard error is gone as well; no session notices, and the number is told."""
    with standalone(worker_max_connections=1, worker_idle_timeout="1s") as made:
        disk = SmallDisk(made)
        with disk.in_front() as process:
            assert process.stderr
            process.stderr.close()
            filler = disk.fill()
            send(made.port, made.address)
            wait_until(lambda: not made.queued() and len(made.mail()) == 1, "a delivery")
            wait_until(lambda: len(made.family()) == 1, "all workers have gone")
            filler.unlink()
            send(made.port, made.address)
            disk.wait_for("Completed")
            lost = [line for line in disk.texts() if "lost" in line]
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE) == 0
    assert len(lost) == 1
    assert lost[0].startswith("3 log lines were lost: nobody took them in time")
