"""What comes back from systemd's store, and what is given up there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from pymta.config.listen import Listen
from pymta.mail.caller import endpoint
from pymta.supervisor import fd_store
from pymta.supervisor.backlog import backlog_of
from pymta.supervisor.listener import Listener
from tests.doubles.log import MemoryLog


class Store:
    """Satisfies `pymta.supervisor.fd_store.Store`, and remembers."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, str]] = []
        self.forgotten: list[str] = []

    def keep(self, fd: int, name: str) -> None:
        self.kept.append((fd, name))

    def forget(self, name: str) -> None:
        self.forgotten.append(name)


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield sock


def test_a_listener_comes_back_as_what_it_was(bound: socket.socket) -> None:
    bound.listen()
    store, log = Store(), MemoryLog()
    (back,) = fd_store.take_back({bound.fileno(): "self-25-127.0.0.1"}, store, log)
    assert back == Listener(bound.fileno(), endpoint(bound.getsockname()))
    assert not store.forgotten


def test_one_that_does_not_listen_any_more_keeps_nobody_from_starting(
    bound: socket.socket,
) -> None:
    """It was shut, and systemd had no time to hear of it before we were killed."""
    store, log = Store(), MemoryLog()
    fd = os.dup(bound.fileno())
    assert fd_store.take_back({fd: "self-25-127.0.0.1"}, store, log) == ()
    assert store.forgotten == ["self-25-127.0.0.1"]
    assert "does not listen" in log.events[0].text
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_dropped_one_hears_no_call_although_the_store_still_has_it(bound: socket.socket) -> None:
    """And its port is free at once, for another address of the same port too."""
    bound.listen()
    at = endpoint(bound.getsockname())
    store, log = Store(), MemoryLog()
    fd_store.drop([Listener(os.dup(bound.fileno()), at)], store, log)
    assert store.forgotten == [f"self-{at.port}-127.0.0.1"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", at.port), 5)
    with socket.create_server(("", at.port)), socket.create_connection(("127.0.0.1", at.port), 5):
        pass
    assert log.events[0].text == f"{at} is not listened on any more"


def test_another_backlog_holds_for_a_socket_that_was_bound_before(bound: socket.socket) -> None:
    bound.listen(1)
    listener = Listener(bound.fileno(), endpoint(bound.getsockname()))
    fd_store.listen_again([listener], Listen(smtp_connect_backlog=7))
    assert backlog_of(bound).most == 7
