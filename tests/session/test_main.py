"""A whole session in a real process: signals, the file spool, the channel, a mistake of ours."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pymta.channel.pair import End, make_pair
from pymta.channel.words import Done, HandOn
from pymta.spool.files import FileSpool
from tests.doubles import warm
from tests.doubles.house import HOST, PATIENCE

ROOT = Path(__file__).parents[2]
CHILD = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.doubles.session_child import live
sys.exit(live(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
"""
TO_DATA = (
    b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<user@localhost>\r\nDATA\r\n"
)
GO_AHEAD = b"by itself\r\n"


class Session:
    def __init__(self, sock: socket.socket, end: End, process: subprocess.Popen[str]) -> None:
        self.sock = sock
        self.end = end
        self.process = process

    def hear(self, until: bytes = b"\r\n") -> str:
        """Read up to the first packet that ends so, or to end of file."""
        said = b""
        while not said.endswith(until):
            data = self.sock.recv(65536)
            if not data:
                break
            said += data
        return said.decode("ascii")

    def finish(self) -> tuple[int, list[str]]:
        """Exit status and log lines, once nobody has another connection for it."""
        self.end.close()
        lines, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, lines.splitlines()


@contextmanager
def session(directory: Path, *how: str) -> Iterator[Session]:
    ours, theirs = socket.socketpair()
    end, channel = make_pair()
    end.set_blocking(True)
    ours.settimeout(PATIENCE)
    numbers = (theirs.fileno(), channel.fileno())
    process = warm.Popen(
        [sys.executable, "-P", "-c", CHILD, *map(str, numbers), directory, *how],
        pass_fds=numbers,
        stdout=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    channel.close()
    try:
        yield Session(ours, end, process)
    finally:
        ours.close()
        end.close()
        process.kill()
        process.communicate()


def test_a_message_is_on_disk_before_250_and_then_handed_on(tmp_path: Path) -> None:
    """Promise 1, ID-07."""
    with session(tmp_path / "spool") as client:
        client.hear()
        client.sock.sendall(TO_DATA)
        client.hear(GO_AHEAD)
        client.sock.sendall(b"Subject: x\r\n\r\nhello\r\n.\r\n")
        reply = client.hear()
        id = reply.strip().removeprefix("250 2.0.0 OK id=")
        spool = FileSpool(tmp_path / "spool")
        assert spool.holds(id)
        spool.close()
        assert client.end.hear() == HandOn(id)
        client.sock.sendall(b"QUIT\r\n")
        assert client.hear() == f"221 2.0.0 {HOST} closing connection\r\n"
        client.sock.close()
        assert client.end.hear() == Done(0, stays=True)
        status, lines = client.finish()

    assert status == 0
    assert lines[0].startswith("<= a@client.example H=(client.example) [127.0.0.1] P=esmtp S=21")
    assert lines[-1] == "(log closed)"


def test_sigterm_is_answered_and_sigint_is_not(tmp_path: Path) -> None:
    """SS-06."""
    with session(tmp_path / "spool") as client:
        client.hear()
        client.process.send_signal(signal.SIGINT)
        client.sock.sendall(b"NOOP\r\n")
        assert client.hear() == "250 OK\r\n"
        client.process.send_signal(signal.SIGTERM)
        assert client.hear() == f"421 {HOST}: Service not available - closing connection\r\n"
        status, lines = client.finish()

    assert status == 1
    assert "closed after SIGTERM" in lines[0]


def test_a_mistake_of_ours_costs_one_client_a_421(tmp_path: Path) -> None:
    """CL-03."""
    with session(tmp_path / "spool", "crash") as client:
        client.hear()
        client.sock.sendall(TO_DATA)
        client.hear(GO_AHEAD)
        client.sock.sendall(b"hello\r\n.\r\n")
        assert client.hear() == (
            f"421 4.3.0 {HOST} Unexpected failure, please try later - closing connection.\r\n"
        )
        assert client.end.hear() == Done(1)
        status, lines = client.finish()

    assert status == 1
    assert lines[0] == (
        "Unexpected failure in SMTP connection from (client.example) [127.0.0.1]:"
        " RuntimeError: a mistake of ours"
    )


@pytest.mark.parametrize("data", [b"", TO_DATA + b"half a message"])
def test_a_session_whose_supervisor_died_finishes_only_what_it_began(
    tmp_path: Path, data: bytes
) -> None:
    with session(tmp_path / "spool") as client:
        client.hear()
        client.sock.sendall(data)
        if data:
            client.hear(GO_AHEAD)
        client.end.close()
        if data:
            client.sock.sendall(b"\r\n.\r\n")
        said = client.hear(b"closing connection\r\n")
        assert "Service not available" in said
        assert ("250 2.0.0 OK id=" in said) == bool(data)
        status, _ = client.finish()

    assert status == 0
