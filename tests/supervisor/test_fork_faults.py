"""CP-02, HC-02: sessions that cannot be born."""

from __future__ import annotations

import errno
import os

from pymta.supervisor.accept_faults import FLUSH_AT, LONGEST_PAUSE, Line
from pymta.supervisor.fork_faults import (
    Births,
    failed,
    hopeful,
    no_channel,
    no_process,
    refused,
    succeeded,
)

FORK = no_process(OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
CHANNEL = no_channel(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))


def test_the_words_for_the_log_and_for_the_caller() -> None:
    """CP-02, HC-02"""
    assert FORK.line == "daemon: accept process fork failed: Resource temporarily unavailable"
    assert FORK.reply == "421 Fork failed"
    assert CHANNEL.line == "daemon: couldn't dup socket descriptor: Too many open files"
    assert CHANNEL.reply == "421 Connection setup failed"


def test_the_first_failure_is_told_and_forbids_nothing() -> None:
    births, line = failed(Births(), FORK, 7.0)

    assert line == Line(FORK.line, is_panic=True)
    assert births.forbids(7.0) is None


def test_from_the_second_on_there_is_a_pause_that_grows() -> None:
    births, now, pauses = failed(Births(), FORK, 0.0)[0], 0.0, []
    for _ in range(6):
        births, line = failed(births, FORK, now)
        assert line is None
        assert births.forbids(now) == FORK
        pauses.append(births.until - now)
        now = births.until
        assert births.forbids(now) is None

    assert pauses[0] == 0.1
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_calls_that_are_lost_are_told_by_the_fifty_and_in_the_end() -> None:
    births, lines = failed(Births(), FORK, 0.0)[0], []
    for _ in range(2 * FLUSH_AT + 1):
        births, line = refused(births)
        lines.append(line)
    births, last = succeeded(births)

    fifty = Line(f"{FORK.line} (50 more calls)", is_panic=True)
    assert [line for line in lines if line] == [fifty, fifty]
    assert last == Line(f"{FORK.line} (1 more call)")
    assert births == Births()


def test_another_cause_is_told_at_once() -> None:
    births, line = failed(failed(Births(), FORK, 0.0)[0], CHANNEL, 0.0)

    assert line == Line(CHANNEL.line, is_panic=True)
    assert births.fault == CHANNEL


def test_a_child_that_has_ended_gives_new_hope() -> None:
    births = failed(failed(Births(), FORK, 0.0)[0], FORK, 0.0)[0]

    assert hopeful(births).forbids(0.0) is None
    assert hopeful(births).fault == FORK


def test_good_times_leave_no_line() -> None:
    assert succeeded(Births()) == (Births(), None)
