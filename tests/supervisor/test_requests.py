"""What the control socket is asked for, and when the answer is no."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection
from pymta.config.immediate import Immediate
from pymta.config.limits import Limits
from pymta.config.rights import Person, Rights
from pymta.config.settings import Machine, Settings
from pymta.spool.files import FileSpool
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.control import Client
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.desk import Door
from pymta.supervisor.dispatch import ANYWHERE, Dispatch, Task
from pymta.supervisor.entrance import Entrance
from pymta.supervisor.fork import Sessions
from pymta.supervisor.handover import Handover
from pymta.supervisor.notify import Notify
from pymta.supervisor.queue_count import QueueCount
from pymta.supervisor.queue_runs import QueueRuns
from pymta.supervisor.reception import Reception
from pymta.supervisor.renewal import Renewal
from pymta.supervisor.requests import MOST_NOTIFIED, Requests
from pymta.supervisor.signals import Signals
from pymta.supervisor.status import Status
from pymta.supervisor.workplace import Workplace
from tests.doubles.log import MemoryLog

ID = "1aaaaa-00000000001-0000"


class Runs(Deliveries):
    """Starts nothing, and says what it would have."""

    started: Selection | None = None
    can_fork = True
    PID = 4712

    def start_queue_run(self, selection: Selection) -> int:
        self.started = selection
        return self.PID if self.can_fork else 0


class NoSignals(Signals):
    def __init__(self) -> None:
        """The test keeps its own handlers."""


class Asked:
    """A supervisor that stands still, and whoever asks it."""

    def __init__(self, directory: Path, settings: Settings = Settings()) -> None:  # noqa: B008
        machine = Machine(state_directory=str(directory))
        settings = replace(settings, machine=machine)
        self.children, self.log = Children(), MemoryLog()
        self.runs = Runs(Dispatch(1), self.children, settings, self.log)
        spool = FileSpool(directory / "spool")
        sessions = Sessions(settings, spool, self.log)
        entrance = Entrance((), settings, self.log)
        reception = Reception(entrance, self.children, settings, sessions, self.log)
        door = Door(Rights(os.geteuid()), "nobody may")
        self.place = Workplace(
            settings,
            directory,
            self.children,
            reception,
            self.runs,
            None,
            door,
            Notify(),
            self.log,
        )
        renewal = Renewal(self.place, self._no_table, NoSignals())
        count = QueueCount(lambda: None)
        status = Status(self.place, renewal, count)
        self._words = Requests(self.place, renewal, status, count, QueueRuns(self.place)).words()

    def ask(self, request: str) -> str:
        word, _, argument = request.partition(" ")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        with ours:
            self._words[word].serve(Client(theirs), argument)
            return ours.recv(60_000).decode()

    def words_for(self, rights: Rights) -> list[str]:
        """What somebody without any rights of his own may ask for."""
        return [word for word, asked in self._words.items() if asked.may(rights, Person(4711))]

    @staticmethod
    def _no_table() -> Handover:
        raise AssertionError("the program would be replaced")


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_who_may_ask_for_deliveries_alone_gets_nothing_else(asked: Asked) -> None:
    """ST-03"""
    assert asked.words_for(Rights(1)) == []
    assert asked.words_for(Rights(1, prod_requires_admin=False)) == ["deliver", "run"]


def test_who_may_list_the_queue_gives_orders_and_nothing_else(asked: Asked) -> None:
    assert asked.words_for(Rights(1, queue_list_requires_admin=False)) == ["order"]


def test_a_message_joins_those_that_wait(asked: Asked) -> None:
    """N-22: as one whose destination nobody knows, so it takes no place kept for local mail."""
    assert asked.ask(f"deliver {ID}") == "ok"
    assert list(asked.runs.dispatch.waiting) == [Task(ID, ANYWHERE, Reach.ALL)]
    assert asked.log.texts() == ["notify triggered queue run"]


def test_ids_that_are_asked_for_do_not_push_out_those_of_sessions(asked: Asked) -> None:
    for _ in range(MOST_NOTIFIED):
        asked.runs.dispatch.hand_on(Task(ID))

    assert asked.ask(f"deliver {ID}").startswith("failed too many messages wait")
    assert not asked.log.texts()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("-q", Selection(by="command")),
        ("-qff", Selection(force=True, thaw=True, by="command")),
        (
            "-qqifl",
            Selection(two_stage=True, first_only=True, force=True, local_only=True, by="command"),
        ),
    ],
)
def test_a_run_takes_what_its_word_says(asked: Asked, word: str, expected: Selection) -> None:
    assert asked.ask(f"run {word}") == "ok a queue run has begun"
    assert asked.runs.started == expected


@pytest.mark.parametrize("word", ["", "q", "-q30m", "-qx", "-q\n", "-q -R x", "-qfff"])
def test_a_run_that_nobody_understands_does_not_begin(asked: Asked, word: str) -> None:
    assert asked.ask(f"run {word}").startswith("failed want -q")
    assert asked.runs.started is None


def test_several_runs_are_told_one_by_one(asked: Asked) -> None:
    """N-16, N-28"""
    settings = replace(asked.place.settings.queue, queue_run_max={"slow": 1, "*": 2})
    asked.place.settings = replace(asked.place.settings, queue=settings)
    runs = QueueRuns(asked.place)
    asked.children.add(Child(1, Job.QUEUE_RUN, queue="slow"))

    assert runs.start_asked(["-qGhipri", "-qf"]) == (
        True,
        "a queue run over hipri has begun\na queue run has begun",
    )
    assert runs.start_asked(["-q", "-qGslow"]) == (
        False,
        "a queue run has begun\ntoo many queue runs over slow at once: queue_run_max is 1",
    )
    asked.children.add(Child(2, Job.UNKNOWN))
    asked.children.add(Child(3, Job.UNKNOWN))
    assert runs.start_asked(["-qGhipri"])[0] is False  # they may be queue runs as well


def test_runs_that_are_asked_for_count(asked: Asked) -> None:
    """QR-03"""
    most = asked.place.settings.queue.queue_run_max
    assert isinstance(most, int)
    for pid in range(most):
        asked.children.add(Child(pid + 1, Job.QUEUE_RUN))

    assert asked.ask("run -q") == f"failed too many queue runs at once: queue_run_max is {most}"
    asked.children.remove(1)
    assert asked.ask("run -q").startswith("ok ")
    asked.runs.can_fork = False
    assert asked.ask("run -q") == "failed no process can be started now"


def test_a_daemon_that_stops_tells_and_does_nothing_more(asked: Asked) -> None:
    asked.place.is_stopping = True

    for request in ("reload", "queue-size", f"deliver {ID}", "run -q"):
        assert asked.ask(request) == "failed the daemon is stopping"
    assert asked.ask("order") == "failed the daemon is stopping"
    assert asked.ask("status").startswith("ok stopping; 0 connections")
    assert json.loads(asked.ask("status-json").removeprefix("ok "))["state"] == "stopping"


def test_the_load_is_told_where_a_limit_depends_on_it(asked: Asked, tmp_path: Path) -> None:
    found = json.loads(asked.ask("status-json").removeprefix("ok "))
    assert (found["load"], found["pressure"]) == (None, {})
    (tmp_path / "loadavg").write_text("4.25 1.00 0.50 1/234 5678\n")
    settings = Settings(
        limits=Limits(load_average_file=str(tmp_path / "loadavg")),
        immediate=Immediate(queue_only_load=5.0),
    )

    found = json.loads(Asked(tmp_path, settings).ask("status-json").removeprefix("ok "))

    assert found["load"] == 4.25
    assert found["limits"]["queue_only_load"] == 5.0
