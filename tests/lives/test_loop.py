"""One turn after the other, as it looks from outside (ML-01…ML-05)."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.doubles.daemon import Daemon, daemon, wait_until
from tests.doubles.standalone import Standalone, standalone, status_of
from tests.lives.test_session_life import line, workers


def test_the_clock_is_looked_at_before_the_first_wait() -> None:
    """ML-01: the first queue run needs no event of any kind."""
    with standalone(queue_run_interval="1h") as made, made.in_front():
        made.wait_for_log("End queue run")
        started, run, *_ = made.log().splitlines()
        assert "daemon started" in started
        assert "Start queue run" in run


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGCHLD", "SIGINT", "SIGTERM"])
def test_a_signal_is_acted_on_without_anything_else_happening(name: str) -> None:
    """ML-02: the daemon waits for ever, if nothing comes."""
    with daemon() as made, made.raw() as sock:
        assert line(sock).startswith("220 ")
        (worker,) = workers(made)
        if name == "SIGCHLD":
            os.kill(worker, signal.SIGKILL)
        else:
            made.send_signal(signal.Signals[name])
        effect = {
            "SIGHUP": f"pid {made.pid}: SIGHUP received: re-exec daemon",
            "SIGCHLD": f"session process {worker} serving",
            "SIGINT": f"pid {made.pid}: SIGINT received: daemon stopping",
            "SIGTERM": f"pid {made.pid}: SIGTERM received: daemon stopping",
        }
        if name in effect:
            made.wait_for_log(effect[name])
        else:
            wait_until((made.state / "pymta-process.info").exists, "process info")


def test_no_dead_child_is_left_unburied() -> None:
    """CH-01: whoever dies, and with no further event."""
    with daemon() as made, ExitStack() as stack:
        for _ in range(5):
            assert line(stack.enter_context(made.raw())).startswith("220 ")
        dead = workers(made)
        for worker in dead:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not set(workers(made)) & set(dead), "they are buried")
        assert len(made.wait_for_log("was killed by SIGKILL", 5)) == 5
        assert "; 0/200 connections" in made.status()


@contextmanager
def flood(made: Standalone, port: int, callers: int) -> Iterator[list[int]]:
    """Calls to one port without a break; the list grows by one with each that was greeted."""
    served, stop = list[int](), threading.Event()

    def call_again_and_again() -> None:
        while not stop.is_set():
            with suppress(OSError), made.connect(port) as sock:
                if line(sock).startswith("220"):
                    served.append(port)

    threads = [threading.Thread(target=call_again_and_again) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield served
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_two_flooded_ports_both_get_on() -> None:
    """ML-05: one accept for each that is ready, in every turn."""
    with (
        standalone(daemon_smtp_ports=[2525, 2526], smtp_accept_max=50) as made,
        made.in_front(),
        flood(made, 2525, 6) as first,
        flood(made, 2526, 6) as second,
    ):
        for served in (first, second, first, second):
            before = len(served)
            wait_until(lambda: len(served) > before + 25, "both get on")  # noqa: B023 - at once


def test_without_a_limit_connections_are_counted_all_the_same() -> None:
    """LM-05"""
    with daemon(smtp_accept_max=0) as made:
        with ExitStack() as stack:
            for count in range(1, 4):
                assert line(stack.enter_context(made.raw())).startswith("220 ")
                assert f"; {count} connections," in made.status()
            os.kill(workers(made)[0], signal.SIGKILL)
            wait_until(lambda: "; 2 connections," in made.status(), made.status)
        wait_until(lambda: "; 0 connections," in made.status(), made.status)


def test_a_caller_is_not_inherited_by_any_program(tmp_path: Path) -> None:
    """N-10: neither the call that a worker was born with nor one that it was given."""
    with daemon(worker_idle_timeout="30s") as made:
        for _ in range(2):
            with made.raw() as sock:
                assert line(sock).startswith("220 ")
                (worker,) = workers(made)
                assert calls_of(worker) == [True]
            made.wait_for_idle()


def calls_of(pid: int) -> list[bool]:
    """For each TCP connection of a process: is it closed when that becomes another program?"""
    cloexec = 0o2000000
    inodes = {text.split()[9] for text in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]}
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        if str(entry.readlink()).removeprefix("socket:[").rstrip("]") in inodes:
            info = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text()
            flags = next(x.split()[1] for x in info.splitlines() if x.startswith("flags:"))
            found.append(bool(int(flags, 8) & cloexec))
    return found


MANY = """
ulimit -Sn "$(ulimit -Hn)"
for ((i = 0; i < 1100; i++)); do exec {fd}</dev/null; done
exec "$@"
"""


def test_descriptors_above_1024_are_as_good_as_others() -> None:
    """N-27: a daemon that was started with eleven hundred open files serves, hears and reloads."""
    with standalone(log_selector=["+smtp_connection"]) as made:
        made.prefix = ["bash", "-c", MANY, "bash"]
        with made.in_front() as process:
            listener = [int(e.name) for e in Path(f"/proc/{process.pid}/fd").iterdir()]
            assert max(listener) > 1024
            for _ in range(3):
                with made.connect() as sock:
                    assert line(sock).startswith("220 ")
                    sock.sendall(b"QUIT\r\n")
                    assert line(sock).startswith("221 ")
                    assert sock.recv(1) == b""
            process.send_signal(signal.SIGHUP)
            made.wait_for_log("daemon started", 2)
            assert made.greeting().startswith("220 ")
            assert status_of(process.pid, "State")[0] in "SR"


def verdicts(made: Daemon, source: str, name: str) -> list[str]:
    """What this client is told, in the lines where who he is makes a difference."""
    address = ("127.0.0.1", made.port)
    with socket.create_connection(address, 10, source_address=(source, 0)) as sock:
        said = [line(sock)]
        for text in (f"HELO {name}", "MAIL FROM:<a@b.test>", "RCPT TO:<x@elsewhere.test>", "QUIT"):
            sock.sendall(f"{text}\r\n".encode())
            said.append(line(sock))
        assert sock.recv(1) == b""
    return said


def test_verdicts_about_one_client_are_not_those_about_the_next() -> None:
    """CL-02, N-27: one worker serves them in turn."""
    with daemon(relay_from_hosts=["127.0.0.1/32"], worker_idle_timeout="30s") as made:
        clients = [("127.0.0.1", "friend.test"), ("127.0.0.2", "stranger.test")]
        first = [verdicts(made, *client) for client in clients]
        assert [said[3][:3] for said in first] == ["250", "550"]
        assert "friend.test [127.0.0.1]" in first[0][1]
        assert "stranger.test [127.0.0.2]" in first[1][1]
        made.wait_for_idle()
        before = workers(made)
        for _ in range(10):
            for client, said in zip(clients, first, strict=True):
                assert verdicts(made, *client)[1:] == said[1:]
                made.wait_for_idle()
        assert workers(made) == before
