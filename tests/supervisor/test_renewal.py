"""Reloads that do not go straight to their end.  The validating child is a real one."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.config import generation
from pymta.config.rights import Rights
from pymta.config.settings import Machine, Settings
from pymta.spool.files import FileSpool
from pymta.supervisor.children import Children
from pymta.supervisor.control import Client
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.desk import Door
from pymta.supervisor.dispatch import Dispatch
from pymta.supervisor.entrance import Entrance
from pymta.supervisor.fork import Sessions
from pymta.supervisor.handover import Handover
from pymta.supervisor.notify import Notify
from pymta.supervisor.reception import Reception
from pymta.supervisor.renewal import Renewal
from pymta.supervisor.signals import Signals
from pymta.supervisor.workplace import Workplace
from tests.doubles.log import MemoryLog


class NoSignals(Signals):
    def __init__(self) -> None:
        """The test keeps its own handlers."""

    def leave_to_next_image(self) -> None:
        raise AssertionError("the program would be replaced")


def replaced() -> Handover:
    raise AssertionError("the program would be replaced")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return a_place(tmp_path, Settings())


def a_place(tmp_path: Path, settings: Settings) -> Workplace:
    machine = Machine(state_directory=str(tmp_path), config_file="", is_configured=True)
    settings = replace(settings, machine=machine)
    current = generation.current_file(tmp_path)
    generation.store(current, settings)
    children, log = Children(), MemoryLog()
    sessions = Sessions(settings, FileSpool(tmp_path / "spool"), log)
    reception = Reception(Entrance((), settings, log), children, settings, sessions, log)
    deliveries = Deliveries(Dispatch(1), children, settings, log)
    door = Door(Rights(os.geteuid()), "nobody may")
    return Workplace(settings, current, children, reception, deliveries, None, door, Notify(), log)


def asking(renewal: Renewal) -> socket.socket:
    """A command that waits for the result."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    renewal.want(Client(theirs))
    return ours


def validation_of(place: Workplace) -> int:
    """Wait for the validating child; its exit status."""
    (child,) = place.children
    place.children.remove(child.pid)
    return os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])


def answer(asker: socket.socket) -> str:
    with asker:
        return asker.recv(4096).decode()


def test_a_stop_is_stronger_than_settings_that_turn_out_to_be_good(place: Workplace) -> None:
    """The child had ended before the stop, and is reaped after it."""
    renewal = Renewal(place, replaced, NoSignals())
    asker = asking(renewal)
    renewal.go_on()

    renewal.abandon()
    renewal.validated(validation_of(place))

    assert answer(asker) == "failed the daemon is stopping"
    assert generation.load(place.current).generation == 0


def test_a_wish_during_a_validation_has_the_files_read_again(place: Workplace) -> None:
    """HU-01: they may have changed after the child had read them; nobody hears "ok" for nothing."""
    renewal = Renewal(place, replaced, NoSignals())
    first = asking(renewal)
    renewal.go_on()
    second = asking(renewal)

    renewal.validated(validation_of(place))
    renewal.go_on()

    assert validation_of(place) in {0, 78}
    renewal.abandon()
    assert {answer(first), answer(second)} == {"failed the daemon is stopping"}


def test_settings_that_cannot_be_put_in_place_change_nothing(place: Workplace) -> None:
    renewal = Renewal(place, replaced, NoSignals())
    asker = asking(renewal)
    renewal.go_on()
    validation_of(place)
    generation.candidate_file(place.current).unlink()

    renewal.validated(0)

    said = answer(asker)
    assert said.startswith("failed the new settings cannot be put in place: No such file")
    assert renewal.refused == said.removeprefix("failed ")
    assert generation.load(place.current).generation == 0
