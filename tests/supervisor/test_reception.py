"""Entrance and reception when the kernel does not go along: sockets are played."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, cast

import pytest

from pymta.channel.pair import End, make_pair
from pymta.config.settings import Settings
from pymta.journal.event import MAIN, MAIN_AND_PANIC, Stream
from pymta.mail.caller import Endpoint
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.entrance import Entrance
from pymta.supervisor.fork import Sessions
from pymta.supervisor.listener import Listener
from pymta.supervisor.reception import Reception
from tests.doubles.log import MemoryLog
from tests.doubles.memory_spool import MemorySpool

LISTENER = Listener(7, Endpoint(ip_address("127.0.0.1"), 25))
CALLER = ("192.0.2.7", 40112)


def problem(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@dataclass
class Conn:
    """A call; `name` is our own end of it, or why that cannot be told."""

    name: Any = ("127.0.0.1", 25)
    close_error: OSError | None = None
    sent: bytes = b""
    closed: int = 0

    def getsockname(self) -> Any:
        if isinstance(self.name, OSError):
            raise self.name
        return self.name

    def send(self, data: bytes, _flags: int) -> None:
        self.sent += data

    def shutdown(self, _how: int) -> None:
        pass

    def recv(self, _size: int, _flags: int) -> bytes:
        return b""

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1
        if self.close_error:
            raise self.close_error


@dataclass
class PlayedSocket:
    """A listener; `coming` are calls and errors, one after the other."""

    coming: list[Conn | OSError] = field(default_factory=list)
    family: int = socket.AF_INET

    def accept(self) -> tuple[Conn, tuple[str, int]]:
        if not self.coming:
            raise BlockingIOError
        first = self.coming.pop(0)
        if isinstance(first, OSError):
            raise first
        return first, CALLER

    def close(self) -> None:
        pass


class House:
    """A reception whose one listener is played."""

    def __init__(self, *coming: Conn | OSError, starts_tls: bool = False) -> None:
        self.listening = PlayedSocket(list(coming))
        self.log = MemoryLog()
        self.children = Children()
        settings = Settings()
        played = cast("socket.socket", self.listening)
        listener = replace(LISTENER, starts_tls=starts_tls)
        self.entrance = Entrance((listener,), settings, self.log, lambda _listener: played)
        sessions = Sessions(settings, MemorySpool(), self.log)
        self.reception = Reception(self.entrance, self.children, settings, sessions, self.log)

    def take_call(self, **ends: End) -> object:
        return self.reception.take_call(LISTENER.fd, {int(pid): end for pid, end in ends.items()})

    def written(self) -> list[tuple[str, tuple[Stream, ...]]]:
        return [(event.text, event.streams) for event in self.log.events]


FULL = problem(errno.EMFILE)


def test_who_waits_without_a_descriptor_for_him_is_told_so() -> None:
    """AE-04, AE-03: everybody who waits hears it, and the failure counts once."""
    calls = [Conn(), Conn()]
    house = House(FULL, *calls)

    assert house.take_call() is None

    for call in calls:
        assert call.sent == b"421 Insufficient system resources; please try again later.\r\n"
        assert call.closed == 1
    assert house.log.texts() == ["Connection from [192.0.2.7] refused: too many open files"] * 2
    assert house.entrance.pause() == 0.1
    assert house.reception.trouble() == "last accept() failed: Too many open files"
    house.reception.interrupted()
    assert house.log.texts()[2:] == ["1 accept() failure: Too many open files"]
    assert house.entrance.pause() == 0
    assert house.reception.trouble() == ""
    house.entrance.close()


@pytest.mark.parametrize(
    "coming",
    [(FULL, Conn()), (Conn(name=problem(errno.ENOBUFS)),), (Conn(),)],
    ids=["no descriptor", "no local address", "no certificate"],
)
def test_who_expects_tls_just_sees_the_end(coming: tuple[Conn | OSError, ...]) -> None:
    """N-40: for all refusals."""
    house = House(*coming, starts_tls=True)

    assert house.take_call() is None

    call = coming[-1]
    assert isinstance(call, Conn)
    assert (call.sent, call.closed) == (b"", 1)
    assert len(house.log.events) == 1
    house.entrance.close()


def test_a_flood_is_turned_away_in_portions() -> None:
    """AE-04: children are reaped in between."""
    house = House(FULL, *(Conn() for _ in range(80)))

    house.take_call()

    assert len(house.listening.coming) == 30
    house.entrance.close()


def test_without_a_spare_descriptor_the_callers_wait() -> None:
    """AE-04"""
    house = House(FULL, Conn())
    house.entrance.spare.give_up()
    house.entrance.spare.take = lambda: None  # type: ignore[method-assign]

    house.take_call()

    assert len(house.listening.coming) == 1
    assert house.log.texts() == []


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED])
def test_other_failures_are_counted_and_turn_nobody_away(number: int) -> None:
    """AE-01: anything but EINTR is a failure."""
    house = House(problem(number), Conn())

    house.take_call()

    assert len(house.listening.coming) == 1
    assert bool(house.entrance.pause()) == (number != errno.ECONNABORTED)
    house.reception.interrupted()
    assert house.log.texts() == [f"1 accept() failure: {os.strerror(number)}"]
    house.entrance.close()


@pytest.mark.parametrize("number", [errno.EINTR, errno.EAGAIN])
def test_that_nobody_is_there_after_all_is_no_failure(number: int) -> None:
    """AE-01"""
    house = House(problem(number))

    house.take_call()
    house.reception.interrupted()

    assert house.log.texts() == []
    house.entrance.close()


def test_a_failed_wait_is_counted_like_a_failed_accept() -> None:
    """AE-01, AE-02"""
    house = House()

    for _ in range(3):
        house.entrance.wait_failed(problem(errno.ENOMEM))
    house.reception.interrupted()

    assert house.log.texts() == ["3 select() failures: Cannot allocate memory"]
    house.entrance.close()


@pytest.mark.parametrize(
    ("number", "streams"),
    [(errno.ECONNRESET, MAIN), (errno.ENOBUFS, MAIN_AND_PANIC)],
    ids=["a caller who has gone", "trouble of ours"],
)
def test_a_call_whose_local_address_is_unknown_is_refused(
    number: int, streams: tuple[Stream, ...]
) -> None:
    """HC-03, N-02"""
    call = Conn(name=problem(number))
    house = House(call)

    assert house.take_call() is None

    expected = b"421 Local problem: getsockname() failed; please try again later\r\n"
    assert call.sent == expected
    assert call.closed == 1
    assert house.written() == [(f"getsockname() failed: {os.strerror(number)}", streams)]
    house.entrance.close()


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.EPIPE, errno.EIO])
def test_a_close_that_fails_ends_nothing(number: int) -> None:
    """CL-01, N-01: and is told unless the caller is the cause."""
    house = House(Conn(name=problem(errno.ECONNRESET), close_error=problem(number)))

    house.take_call()

    told = [text for text in house.log.texts() if "close" in text]
    expected = ["daemon: close(smtp_out_fd) failed: Input/output error"]
    assert told == (expected if number == errno.EIO else [])
    house.entrance.close()


class FullChannel(End):
    """SCM_RIGHTS refused: too many descriptors are under way (unix(7))."""

    def give(self, word: object, fd: int) -> bool:
        raise problem(errno.ETOOMANYREFS)


def test_a_worker_who_cannot_be_given_the_call_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HC-02: he waits on for the next one, and this call gets a worker of its own."""
    ours, theirs = make_pair()
    house = House(Conn())
    house.children.add(Child(100, Job.SESSION))
    house.reception.standby.add(100, 0.0)
    monkeypatch.setattr("pymta.supervisor.fork.fork", lambda _life, _keep: 101)

    born = house.take_call(**{"100": FullChannel(ours._sock)})

    assert isinstance(born, tuple)
    child, channel = born
    assert child.pid == 101
    assert house.reception.standby.take() == 100
    for end in (ours, theirs, channel):
        end.close()
    house.entrance.close()


def test_a_caller_is_known_by_the_socket_he_came_in_by() -> None:
    settings, played = Settings(), cast("socket.socket", PlayedSocket([Conn()]))
    listener = replace(LISTENER, role="submission")
    entrance = Entrance((listener,), settings, MemoryLog(), lambda _listener: played)

    arrival = entrance.accept(listener.fd)

    assert arrival
    assert arrival.role == "submission"
    entrance.close()
