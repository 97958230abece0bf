"""Orders of users who may not touch the queue: how many at once, and whose."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from pymta.config.rights import Person
from pymta.supervisor.children import Job
from pymta.supervisor.control import Client
from pymta.supervisor.orders import MOST, MOST_STRANGERS, Orders
from tests.supervisor.test_requests import Asked

ADMIN, STRANGER = Person(0), Person(4711)


class Bureau:
    """Where orders are given; `pids` are those of the processes that would have been started."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = Asked(directory).place
        self.orders = Orders(self.place)
        self.person = ADMIN
        self.failure: OSError | None = None
        self.pids = itertools.count(4000)
        monkeypatch.setattr(Client, "person", lambda _: self.person)
        monkeypatch.setattr(os, "posix_spawn", self._spawn)

    def give(self, person: Person = ADMIN) -> str:
        """What the supervisor says to it; "" when a process has it."""
        self.person = person
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        with ours:
            client = Client(theirs)
            self.orders.give(client)
            assert client.fileno() == -1
            return ours.recv(1000).decode()

    @property
    def alive(self) -> tuple[int, ...]:
        return self.place.children.pids(Job.ORDER)

    def _spawn(self, *_: Any, **__: Any) -> int:
        if self.failure:
            raise self.failure
        return next(self.pids)


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau(tmp_path, monkeypatch)


def test_an_order_has_a_process_and_the_supervisor_keeps_nothing_of_it(bureau: Bureau) -> None:
    assert bureau.give() == ""
    assert bureau.alive == (4000,)


def test_processes_are_few(bureau: Bureau) -> None:
    for _ in range(MOST):
        assert bureau.give() == ""

    assert bureau.give() == "failed too many orders at once, try again"
    bureau.place.children.remove(4003)
    assert bureau.give() == ""


def test_strangers_have_only_some_of_them(bureau: Bureau) -> None:
    for _ in range(MOST_STRANGERS):
        assert bureau.give(STRANGER) == ""

    assert bureau.give(STRANGER).startswith("failed too many orders")
    assert bureau.give(ADMIN) == ""
    bureau.place.children.remove(4000)
    assert bureau.give(STRANGER) == ""


def test_where_no_process_can_be_started_he_hears_so(bureau: Bureau) -> None:
    bureau.failure = OSError(11, os.strerror(11))

    assert bureau.give() == "failed too many processes: Resource temporarily unavailable"
    assert bureau.alive == ()
