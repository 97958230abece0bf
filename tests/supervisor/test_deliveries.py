"""Carrying out what dispatch decides, when the world does not go along."""

from __future__ import annotations

from pymta.config.settings import Settings
from pymta.supervisor.children import Children
from pymta.supervisor.deliveries import Deliveries
from pymta.supervisor.dispatch import Dispatch, Task
from tests.doubles.log import MemoryLog

TASK = Task("1aaaaa-00000000001-0000")


def test_a_free_worker_whose_channel_has_closed_is_given_nothing() -> None:
    """It has died and is still to be reaped; its channel says so first."""
    dispatch = Dispatch(20)
    dispatch.hired(100, TASK)
    dispatch.attempted(100, 0.0)
    dispatch.hold_until = 10.0
    dispatch.hand_on(TASK)
    deliveries = Deliveries(dispatch, Children(), Settings(), MemoryLog())

    deliveries.act(1.0, ends={}, adopt=lambda _child, _end: None)

    assert list(dispatch.waiting) == [TASK]
    assert not dispatch.workers
