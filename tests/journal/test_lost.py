"""The count of lines that nobody took, over a family of processes and the images after them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from pymta.journal.lost import Lost


@pytest.fixture
def lost() -> Iterator[Lost]:
    with closing(Lost()) as made:
        yield made


def in_a_child(lost: Lost, count: int) -> None:
    pid = os.fork()
    if pid == 0:
        lost.add(count)
        os._exit(0)
    os.waitpid(pid, 0)


def test_what_was_taken_is_not_there_twice(lost: Lost) -> None:
    lost.add(3)
    lost.add(2)

    assert [lost.take(), lost.take()] == [5, 0]
    assert not lost.is_owed


def test_a_child_counts_for_its_parent(lost: Lost) -> None:
    """CL-03"""
    in_a_child(lost, 2)

    assert lost.is_owed
    assert lost.take() == 2


def test_the_next_image_counts_on_and_hears_of_workers_of_the_former_one(lost: Lost) -> None:
    """HU-04: they share nothing with it but what was handed over."""
    lost.add(1)
    with closing(Lost()) as successor:
        successor.add(4)  # before it knew
        counter, shared = lost.descriptors()
        successor.inherit(os.dup(counter), os.dup(shared))

        assert successor.take() == 5
        in_a_child(lost, 2)
        assert successor.is_owed
        assert successor.take() == 2


def test_nothing_is_counted_after_the_end(lost: Lost) -> None:
    lost.close()
    lost.add(1)

    assert not lost.is_owed
    assert lost.take() == 0
    assert lost.descriptors() == ()
