"""What a service manager hears of a real daemon, and of one that is not well."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pymta.config import generation
from pymta.config.listen import Listen
from pymta.config.queue import Queue
from pymta.config.settings import Machine, Settings
from tests.doubles.daemon import Daemon, daemon_after, wait_until
from tests.doubles.manager import Manager, manager
from tests.doubles.queued import put
from tests.doubles.standalone import Standalone, standalone
from tests.lives.test_session_life import line
from tests.lives.test_shortage import NOFILE, limited, room_for

FED = "WATCHDOG=1"
OFTEN = 1.0  # seconds that the watchdog allows


@pytest.fixture
def heard() -> Iterator[Manager]:
    with manager() as made:
        yield made


@contextmanager
def managed(heard: Manager, **settings: object) -> Iterator[Daemon]:
    def prepare(made: Daemon) -> None:
        made.extra_environment = heard.environment(OFTEN)

    with daemon_after(prepare, **settings) as made:
        yield made


def test_only_the_supervisor_speaks_whatever_its_children_do(heard: Manager) -> None:
    """Through a session, a delivery, a queue run, a count, a reload and a stop."""
    with managed(heard, queue_run="internal", queue_run_interval="1s") as made:
        made.send("user@localhost")
        made.wait_for_mail("user")
        made.wait_for_log("End queue run")
        assert made.run("reload", "--wait=20").returncode == 0
        made.send("user@localhost")
        made.wait_for_mail("user", 2)
        heard.wait_for(FED, 2)
        pid = made.pid
        made.stop()

    assert heard.pids() == {pid}
    first, *_ = heard.heard
    assert first.text.startswith("READY=1\nSTATUS=listening for SMTP")
    assert heard.count("READY=1") == 2
    assert heard.count("RELOADING=1") == heard.count("STOPPING=1") == 1
    assert all(said.text.isascii() for said in heard.heard)


def test_the_status_shows_who_is_there_and_what_waits(heard: Manager) -> None:
    """Check 15"""
    with managed(heard, queue_only=True) as made, made.raw() as sock:
        assert line(sock).startswith("220 ")
        heard.wait_for_status("; 1/200 connections, 0/20 deliveries")
        heard.wait_for_status(" 0 queued")
        sock.sendall(b"QUIT\r\n")
        heard.wait_for_status("; 0/200 connections")


def test_an_idle_daemon_feeds_the_watchdog_at_half_its_time_and_no_oftener(heard: Manager) -> None:
    with managed(heard):
        heard.wait_for(FED)
        began = time.monotonic()
        heard.wait_for(FED, 6)
        assert time.monotonic() - began > 6 * OFTEN / 2 - OFTEN / 2


def test_the_watchdog_is_fed_across_a_reload_and_while_a_stop_waits(heard: Manager) -> None:
    with managed(heard, shutdown_grace="21s") as made, made.raw() as sock:
        assert line(sock).startswith("220 ")
        assert made.run("reload", "--wait=20").returncode == 0
        heard.wait_for(FED, 3)
        for command in (b"EHLO a\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<user@localhost>\r\n"):
            sock.sendall(command)
            assert sock.recv(4000).startswith(b"250")
        sock.sendall(b"DATA\r\n")
        assert line(sock).startswith("354")

        made.send_signal(signal.SIGTERM)
        heard.wait_for_status("stopping; 1 connections")
        heard.wait_for(FED, 3)
        assert heard.count(f"EXTEND_TIMEOUT_USEC={31 * 1_000_000}") == 1  # grace and last words

        sock.sendall(b"x\r\n.\r\n")
        assert line(sock).startswith("250")
        assert made.wait_for_end() == 0


def test_a_stopped_daemon_does_not_feed_it_and_goes_on_when_it_may(heard: Manager) -> None:
    """Check 16"""
    with managed(heard) as made:
        heard.wait_for(FED)
        made.pause()
        fed = heard.count(FED)
        end = time.monotonic() + 2 * OFTEN
        wait_until(lambda: time.monotonic() > end, "longer than the watchdog allows")
        assert heard.count(FED) == fed
        made.resume()
        heard.wait_for(FED, 2)


def test_a_full_descriptor_table_starves_nobody(heard: Manager) -> None:
    """AE-04: callers whom nobody can take wait all the time."""
    with managed(heard) as made, limited(made.pid, NOFILE, room_for(made.pid, 0)):
        with limited(made.pid, NOFILE, 3), made.raw():
            heard.wait_for(FED, 8)
            heard.wait_for_status("last accept() failed: Too many open files")
        assert "watchdog" not in made.log()


def test_an_old_queue_starves_nobody_and_shows(heard: Manager) -> None:
    def prepare(made: Daemon) -> None:
        made.extra_environment = heard.environment(OFTEN)
        for _ in range(3):
            put(made.state, due=4e9)
        queue = made.state / "spool" / "queue"
        for message in queue.iterdir():  # its id says when it came
            message.rename(queue / f"000000{message.name[6:]}")

    with daemon_after(prepare):
        heard.wait_for_status(" 3 queued (oldest ")
        heard.wait_for(FED, 3)


def test_a_start_that_waits_for_its_port_asks_for_the_time(heard: Manager) -> None:
    """BL-06: 9 pauses of 30 s are more than TimeoutStartSec=."""
    retries = {"daemon_startup_retries": 20, "daemon_startup_sleep": "1s"}
    with standalone(**retries) as made, socket.create_server((made.address, made.port)) as other:
        made.prefix = ["env", *(f"{k}={v}" for k, v in heard.environment().items())]
        with made.popen("pymta", "daemon", "--config", str(made.config)) as process:
            try:
                heard.wait_for_status("failed: Address already in use: waiting 1s before trying")
                heard.wait_for("EXTEND_TIMEOUT_USEC=11000000")
                assert not heard.count("READY=1")
                other.close()
                heard.wait_for("READY=1")
                heard.wait_for_status("listening for SMTP on")
            finally:
                process.kill()


@contextmanager
def sick(
    illness: str, heard: Manager, directory: Path
) -> Iterator[tuple[Standalone, subprocess.Popen[str]]]:
    made = Standalone(directory)
    environment = heard.environment(OFTEN) | {"PYTHONFAULTHANDLER": "1"}  # as in the unit
    made.prefix = ["env", *(f"{name}={value}" for name, value in environment.items())]
    machine = Machine(state_directory=str(made.state), runtime_directory=str(directory))
    listen = Listen(local_interfaces=(made.address,), daemon_smtp_ports=("2525",))
    queue = Queue(queue_run="internal", queue_run_interval=1)
    made.state.mkdir()
    current = generation.current_file(made.state)
    generation.store(current, Settings(machine=machine, listen=listen, queue=queue))
    with (
        made.log_file.open("wb") as log,
        made.popen("tests.doubles.sick", illness, str(current), stderr=log) as process,
    ):
        try:
            heard.wait_for("READY=1")
            yield made, process
        finally:
            for pid in (*children(process.pid), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Those of a process that may have gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_a_turn_that_never_ends_starves_the_watchdog_and_leaves_its_traceback(
    heard: Manager, tmp_path: Path
) -> None:
    """SIGABRT is what the manager sends then."""
    with sick("stuck", heard, tmp_path) as (made, process), made.connect():
        heard.wait_for(FED)
        end = time.monotonic() + 2 * OFTEN
        wait_until(lambda: time.monotonic() > end, "longer than the watchdog allows")
        fed = heard.count(FED)
        process.send_signal(signal.SIGABRT)
        assert process.wait(10) == -signal.SIGABRT
        assert heard.count(FED) == fed
        assert "Fatal Python error: Aborted" in made.log()
        assert "wait_for_ever" in made.log()


@pytest.mark.parametrize(
    ("illness", "why"),
    [("deaf", "callers wait, and none was taken for"), ("timeless", "the queue clock is")],
)
def test_a_loop_that_turns_and_does_not_serve_starves_it_and_says_why(
    heard: Manager, tmp_path: Path, illness: str, why: str
) -> None:
    with sick(illness, heard, tmp_path) as (made, _), made.connect():
        heard.wait_for_status(f"the watchdog is not fed: {why}")
        fed = heard.count(FED)
        made.wait_for_log(f"the watchdog is not fed: {why}")
        end = time.monotonic() + 2 * OFTEN
        wait_until(lambda: time.monotonic() > end, "longer than the watchdog allows")
        assert heard.count(FED) == fed


def test_a_disk_that_hangs_starves_nobody(heard: Manager, tmp_path: Path) -> None:
    """The supervisor does not touch the spool: sessions, runs and the count hang, and it serves."""
    with sick("hung_spool", heard, tmp_path) as (made, _), made.connect() as first:
        assert line(first).startswith("220 ")
        heard.wait_for_status("queue runs")
        heard.wait_for(FED, 6)
        with made.connect() as second:
            assert line(second).startswith("220 ")
        heard.wait_for_status("1/20 connections")
