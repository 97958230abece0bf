from __future__ import annotations

from pymta.supervisor.standby import Standby


def test_the_one_that_became_free_last_is_taken_first() -> None:
    standby = Standby()
    standby.add(10, 1.0)
    standby.add(11, 2.0)

    assert [standby.take(), standby.take(), standby.take()] == [11, 10, None]


def test_nobody_waits_for_longer_than_the_timeout() -> None:
    standby = Standby()
    standby.add(10, 1.0)
    standby.add(11, 3.0)

    assert standby.wait(2.0, timeout=5) == 4.0
    assert standby.retire(6.0, timeout=5) == (10,)
    assert standby.wait(6.0, timeout=5) == 2.0
    assert standby.retire(8.0, timeout=5) == (11,)
    assert standby.wait(9.0, timeout=5) is None


def test_the_dead_are_not_taken() -> None:
    standby = Standby()
    standby.add(10, 1.0)
    standby.drop(10)
    standby.drop(99)

    assert standby.take() is None
