"""The queue is counted by a child, once a minute, for whoever asks."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pymta.channel.pair import make_pair
from pymta.channel.words import Counted
from pymta.config.settings import Machine, Settings
from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.store import Seal
from pymta.supervisor.control import Client
from pymta.supervisor.queue_count import FRESH, STALE, QueueCount, count


class Counting:
    """A count whose children the test starts and ends."""

    def __init__(self) -> None:
        self.started = 0
        self.now = 100.0
        self.count = QueueCount(self._start, lambda: self.now)

    def _start(self) -> None:
        self.started += 1

    def ask(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        self.count.ask(Client(theirs))
        return ours


def answer(asker: socket.socket) -> str:
    with asker:
        return asker.recv(100).decode()


def test_all_who_ask_during_one_count_hear_its_result() -> None:
    """N-22"""
    made = Counting()
    askers = [made.ask() for _ in range(3)]
    made.count.counted(7, 60)
    made.count.ended(could_count=True)

    assert [answer(one) for one in askers] == ["ok 7"] * 3
    assert made.started == 1


def test_for_a_minute_the_figure_is_good_enough() -> None:
    """N-22"""
    made = Counting()
    first = made.ask()
    made.count.counted(7, 60)
    made.count.ended(could_count=True)

    assert answer(first) == answer(made.ask()) == "ok 7"
    made.now += FRESH
    later = made.ask()
    assert made.started == 2
    made.count.counted(8, 60)
    made.count.ended(could_count=True)
    assert answer(later) == "ok 8"


def test_a_count_that_fails_is_told_and_tried_again_by_the_next() -> None:
    made = Counting()
    first = made.ask()
    made.count.ended(could_count=False)

    assert answer(first).startswith("failed the queue could not be counted")
    second = made.ask()
    assert made.started == 2
    made.count.abandon("the daemon is stopping")
    assert answer(second) == "failed the daemon is stopping"


def test_status_has_a_figure_that_calls_and_time_make_old() -> None:
    made = Counting()
    count = made.count

    def passes(seconds: float, calls: int) -> int:
        """How many counts have begun by then."""
        made.now += seconds
        count.keep_fresh(calls)
        return made.started

    assert passes(0, calls=0) == 1
    assert count.wait(0) is None  # it is being counted
    count.counted(0, 0)
    count.ended(could_count=True)

    assert count.wait(0) is None  # nobody has called, and there is nothing that could go
    assert passes(STALE, calls=0) == 1
    assert passes(0, calls=1) == 2
    count.counted(3, 60)
    count.ended(could_count=True)

    assert count.wait(1) == STALE
    assert count.wait(2) == FRESH
    assert passes(FRESH - 1, calls=2) == 2
    assert passes(1, calls=2) == 3


def test_a_count_that_fails_is_a_trouble_until_one_succeeds() -> None:
    """A disk that hangs shows in STATUS."""
    made = Counting()
    made.count.keep_fresh(0)
    made.count.ended(could_count=False)
    assert made.count.trouble == "the queue could not be counted"
    assert made.count.wait(0) == STALE

    made.now += STALE
    made.count.keep_fresh(0)
    made.count.counted(3, 60)
    made.count.ended(could_count=True)
    assert made.count.trouble == ""


def test_without_processes_nobody_waits() -> None:
    def fail() -> None:
        raise OSError(11, "Resource temporarily unavailable")

    made = Counting()
    made.count = QueueCount(fail)

    assert answer(made.ask()).endswith("counted: Resource temporarily unavailable")
    assert answer(made.ask()).startswith("failed ")


def test_the_child_counts_messages(tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    for _ in range(3):
        intake = spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 1e9))
        intake.write(b"Subject: x\r\n\r\nbody\r\n")
        intake.commit(Seal())
    ours, theirs = make_pair()
    pid = os.fork()
    if not pid:
        settings = Settings(machine=Machine(state_directory=str(tmp_path)))
        os._exit(count(theirs, settings))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    word = ours.hear()
    assert isinstance(word, Counted)
    assert word.messages == 3
    assert word.oldest <= 60  # the ids say when, and they were made a moment ago
    ours.close()
    theirs.close()


def test_a_spool_that_cannot_be_read_is_a_status(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    ours, theirs = make_pair()
    pid = os.fork()
    if not pid:
        os._exit(count(theirs, Settings(machine=Machine(state_directory=str(tmp_path)))))

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
    ours.close()
    theirs.close()
