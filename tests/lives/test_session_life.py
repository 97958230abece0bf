"""Real processes: a call, a worker, a slot, and how each of them ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.doubles.daemon import HOSTNAME, Daemon, daemon, wait_until


def line(sock: socket.socket) -> str:
    """One reply line."""
    received = b""
    while not received.endswith(b"\r\n"):
        byte = sock.recv(1)
        if not byte:
            break
        received += byte
    return received.decode().rstrip("\r\n")


def workers(made: Daemon) -> list[int]:
    """The children of the supervisor."""
    text = Path(f"/proc/{made.pid}/task/{made.pid}/children").read_text()
    return [int(pid) for pid in text.split()]


@pytest.fixture(scope="module")
def shared() -> Iterator[Daemon]:
    with daemon() as made:
        yield made


def test_each_connection_has_a_process_of_its_own(shared: Daemon) -> None:
    before = set(workers(shared))
    with shared.raw() as one, shared.raw() as two:
        assert line(one).startswith(f"220 {HOSTNAME} ESMTP pymta ")
        assert line(two).startswith("220 ")
        assert len(set(workers(shared)) - before) == 2
    wait_until(lambda: set(workers(shared)) <= before, "the idle workers are gone")


def descriptors(pid: int) -> list[str]:
    """What each descriptor of a process leads to; one that is being closed is left out."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(entry.readlink()))
    return found


def test_a_worker_holds_its_own_call_and_no_listener(shared: Daemon) -> None:
    """CP-05: its connection, its channel; nothing of the supervisor or of its sibling."""
    with shared.raw() as one, shared.raw() as two:
        assert line(one)
        assert line(two)
        both = [
            {held for held in descriptors(pid) if held.startswith("socket:")}
            for pid in workers(shared)
        ]
        assert not both[0] & both[1]
        wait_until(  # the greeting may be out before the supervisor has closed its own copy
            lambda: not (both[0] | both[1]) & set(descriptors(shared.pid)),
            "the supervisor has let go of both calls",
        )


def test_the_supervisor_keeps_no_descriptor_of_a_call(shared: Daemon) -> None:
    """CP-03, CL-01"""
    wait_until(lambda: not workers(shared), "nobody is served")
    idle = len(descriptors(shared.pid))
    for _ in range(50):
        with shared.raw() as sock:
            line(sock)
            sock.sendall(b"QUIT\r\n")
            assert line(sock) == f"221 {HOSTNAME} closing connection"
    wait_until(
        lambda: len(descriptors(shared.pid)) == idle,
        "the supervisor has its idle number of descriptors",
    )


def test_a_full_house_answers_at_once_and_recovers() -> None:
    """LM-01, CH-02: the text, the line, and the slot that comes back."""
    with daemon(smtp_accept_max=2) as made:
        with made.raw() as one, made.raw() as two:
            assert line(one).startswith("220")
            assert line(two).startswith("220")
            with made.raw() as three:
                assert line(three) == (
                    "421 Too many concurrent SMTP connections; please try again later."
                )
                assert three.recv(1) == b""
            made.wait_for_log(r"Connection from \[127\.0\.0\.1\] refused: too many connections$")
        made.wait_for_idle()  # both have hung up without a word
        for _ in range(20):  # ML-04: whoever has just left makes room for the next
            with made.raw() as again:
                assert line(again).startswith("220")
                again.sendall(b"QUIT\r\n")
                assert line(again).startswith("221")
                assert again.recv(1) == b""


def test_one_address_cannot_take_every_slot() -> None:
    """LM-04"""
    with daemon(smtp_accept_max=10, smtp_accept_max_per_host=1) as made, made.raw() as one:
        assert line(one).startswith("220")
        with made.raw() as two:
            assert line(two) == (
                "421 Too many concurrent SMTP connections from this IP address;"
                " please try again later."
            )
        with socket.create_connection(
            ("127.0.0.1", made.port), timeout=10, source_address=("127.0.0.2", 0)
        ) as other:
            assert line(other).startswith("220")


def test_a_killed_worker_frees_its_slot_and_leaves_a_line() -> None:
    """CH-02, CH-04"""
    with daemon(smtp_accept_max=1) as made:
        with made.raw() as sock:
            assert line(sock).startswith("220")
            (worker,) = workers(made)
            os.kill(worker, signal.SIGKILL)
            made.wait_for_log(
                rf"session process {worker} serving \[127\.0\.0\.1\] was killed by SIGKILL"
            )
        with made.raw() as sock:
            assert line(sock).startswith("220")


def test_five_hundred_short_calls_leave_nothing_behind() -> None:
    """ML-03: the count returns to 0 with no further traffic."""
    with daemon(log_selector=["+smtp_connection"], worker_idle_timeout="1s") as made:
        for _ in range(500):
            made.raw().close()
        made.wait_for_log(r"\(TCP/IP connection count = [0-9]+\)$", 500)
        wait_until(lambda: not workers(made), "all workers are gone")
        assert "; 0/200 connections" in made.status()


def test_a_daemon_without_descriptors_for_a_channel_refuses_the_call_and_lives_on() -> None:
    """HC-02: the call takes the last descriptor, and the channel to its worker finds none."""
    with daemon() as made:
        used = {int(entry.name) for entry in Path(f"/proc/{made.pid}/fd").iterdir()}
        for_the_call = min(set(range(len(used) + 1)) - used)
        before = resource.prlimit(made.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(made.pid, resource.RLIMIT_NOFILE, (for_the_call + 1, before[1]))
        with made.raw() as sock:
            assert line(sock) == "421 Connection setup failed"
        resource.prlimit(made.pid, resource.RLIMIT_NOFILE, before)

        with made.raw() as sock:
            assert line(sock).startswith("220")
        made.wait_for_log("daemon: couldn't dup socket descriptor: Too many open files$")


def test_a_stop_lets_data_finish_and_sends_the_idle_away() -> None:
    """SS-06 and the drain: 421 4.3.2 at a command boundary, never inside DATA."""
    with daemon() as made:
        idle, busy = made.raw(), made.raw()
        for sock in (idle, busy):
            assert line(sock).startswith("220")
            sock.sendall(b"EHLO client.test\r\n")
            while line(sock)[3] == "-":
                pass
        for text in (b"MAIL FROM:<a@client.test>", b"RCPT TO:<user@localhost>", b"DATA"):
            busy.sendall(text + b"\r\n")
            assert line(busy)[0] in "23"
        busy.sendall(b"Subject: half\r\n\r\nfirst half\r\n")

        made.send_signal(signal.SIGTERM)

        assert line(idle).startswith("421 4.3.2 ")
        assert idle.recv(1) == b""
        busy.sendall(b"second half\r\n.\r\n")
        assert line(busy).startswith("250 2.0.0 OK id=")
        assert line(busy).startswith("421 4.3.2 ")
        assert made.wait_for_end() == 0
        assert "daemon stopping; 2 sessions" in made.log()
        idle.close()
        busy.close()

        made.start()
        assert made.run("queue", "run").returncode == 0
        assert b"second half" in made.wait_for_mail("user")[0]


def test_a_stop_does_not_wait_for_ever() -> None:
    """SS-06: a client that never ends its DATA is sent away when the grace time is over."""
    with daemon(shutdown_grace="1s") as made, made.raw() as sock:
        assert line(sock).startswith("220")
        for text in (b"HELO client.test", b"MAIL FROM:<>", b"RCPT TO:<user@localhost>", b"DATA"):
            sock.sendall(text + b"\r\n")
            assert line(sock)[0] in "23"
        began = time.monotonic()

        assert made.stop() == 0

        assert time.monotonic() - began < 10
        assert line(sock).startswith("421 ")
        assert not made.queued()
        late = "(session with [127.0.0.1]) cut off: not finished when the grace time was over"
        assert late in made.log()


def test_orphans_finish_and_go_when_the_supervisor_is_killed() -> None:
    with daemon() as made:
        with made.raw() as sock:
            assert line(sock).startswith("220")
            made.kill()
            assert line(sock).startswith("421 ")
        wait_until(lambda: not made.family(), "no process of it is left")
