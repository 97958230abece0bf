"""A session is a fork, and shares with its parent what neither of them has written to since."""

from __future__ import annotations

from pathlib import Path

from tests.doubles.daemon import daemon
from tests.lives.test_session_life import line, workers

BOUND = 4500  # KiB; with CPython 3.11 it has some 3850


def private(pid: int) -> int:
    """KiB of memory that no other process shares (smaps_rollup in proc(5))."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(text.split()[1]) for text in told if text.startswith("Private_"))


def test_a_session_that_waits_for_its_client_has_little_memory_of_its_own() -> None:
    with daemon() as made, made.raw() as sock:
        assert line(sock).startswith("220")
        sock.sendall(b"EHLO client.test\r\n")
        while line(sock)[3] == "-":
            pass
        (worker,) = workers(made)
        assert private(worker) < BOUND
