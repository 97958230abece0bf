"""What the service manager hears."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymta.supervisor.notify import VARIABLE, Notify

# The library never closes its socket; in the daemon it lives as long as the process.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        monkeypatch.setenv(VARIABLE, str(tmp_path / "notify"))
        yield sock


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "reload refused: found \u201c\u043f\u043e\u0447\u0442\u0430\u201d", id="any script"
        ),
        pytest.param("reload refused: found \u00fc", id="latin"),
    ],
)
def test_a_status_that_is_not_ascii_does_not_lose_the_readiness(
    manager: socket.socket, text: str
) -> None:
    """Otherwise `systemctl reload` would wait for its time-out."""
    Notify().ready(text)

    told = manager.recv(4096)
    assert told.startswith(b"READY=1\nSTATUS=reload refused: found ")
    assert told.isascii()


def test_a_status_is_one_line_and_assigns_nothing_else(manager: socket.socket) -> None:
    Notify().ready("a\nMAINPID=1")

    assert manager.recv(4096) == b"READY=1\nSTATUS=a MAINPID=1"


def test_no_child_can_speak_for_us(manager: socket.socket) -> None:
    Notify().stopping("bye")

    assert VARIABLE not in os.environ
    assert manager.recv(4096) == b"STOPPING=1\nSTATUS=bye"


def test_a_start_that_takes_longer_says_why_and_asks_for_patience(manager: socket.socket) -> None:
    """BL-06"""
    notify = Notify()

    notify.starting("socket bind() failed: waiting 30s before trying again (9 more tries)")
    notify.patience(40)

    assert manager.recv(4096).startswith(b"STATUS=socket bind() failed: waiting 30s")
    assert manager.recv(4096) == b"EXTEND_TIMEOUT_USEC=40000000"


def test_a_socket_waits_with_it_under_a_name_until_it_is_forgotten(manager: socket.socket) -> None:
    notify = Notify()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        notify.keep(listener.fileno(), "self-25-127.0.0.1")
        text, descriptors, _, _ = socket.recv_fds(manager, 4096, 4)
        assert text == b"FDSTORE=1\nFDNAME=self-25-127.0.0.1"
        (fd,) = descriptors
        with socket.socket(fileno=fd) as copy:
            assert copy.getsockname() == listener.getsockname()
    notify.forget("self-25-127.0.0.1")
    assert manager.recv(4096) == b"FDSTOREREMOVE=1\nFDNAME=self-25-127.0.0.1"


def test_without_a_manager_nothing_is_kept_and_nothing_fails() -> None:
    notify = Notify()
    notify.keep(0, "self-25-127.0.0.1")
    notify.forget("self-25-127.0.0.1")


def test_a_manager_that_has_gone_is_no_fault_of_ours(manager: socket.socket) -> None:
    notify = Notify()
    manager.close()
    notify.keep(0, "self-25-127.0.0.1")
