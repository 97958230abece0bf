from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from pymta.supervisor.spare import Spare


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """AE-04: what is open stays open, and nothing else can be opened."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_it_makes_room_for_exactly_one() -> None:
    """AE-04"""
    spare = Spare()
    with no_more_descriptors():
        assert spare.give_up()
        other = os.dup(0)
        spare.take()
        assert not spare.give_up()  # it was not to be had
        os.close(other)
        spare.take()
        assert spare.give_up()


def test_it_is_given_up_once() -> None:
    spare = Spare()

    assert spare.give_up()
    assert not spare.give_up()


def test_a_start_without_one_goes_on_without_one() -> None:
    with no_more_descriptors():
        assert not Spare().give_up()
