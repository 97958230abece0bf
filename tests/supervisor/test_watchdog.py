"""The watchdog is fed at half its time, and a fault that keeps it hungry is told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymta.supervisor.notify import Notify
from pymta.supervisor.pulse import Signs
from pymta.supervisor.watchdog import Watchdog
from tests.supervisor.test_requests import Asked

INTERVAL = 60.0
SICK = Signs(watches=False)


class Manager(Notify):
    """Counts the signs of life; `hears` says whether it has room for one more."""

    def __init__(self, interval: float) -> None:
        super().__init__()
        self.watchdog = interval
        self.fed = 0
        self.hears = True

    def alive(self) -> bool:
        self.fed += self.hears
        return self.hears


class Kept:
    def __init__(self, directory: Path, interval: float = INTERVAL) -> None:
        asked = Asked(directory)
        self.manager = Manager(interval)
        self.place, self.log = asked.place, asked.log
        self.place.notify = self.manager
        self.watchdog = Watchdog(self.place)

    def at(self, now: float, signs: Signs = Signs()) -> int:  # noqa: B008
        """How often it was fed at that time: 0 or 1."""
        before = self.manager.fed
        self.watchdog.feed(now, lambda: signs)
        return self.manager.fed - before


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_it_is_fed_at_once_and_then_at_half_the_time(kept: Kept) -> None:
    """A fresh image does not know when the one before it has fed it."""
    assert kept.watchdog.wait(100.0) == 0.0
    assert [kept.at(100.0), kept.at(100.1), kept.at(129.9), kept.at(130.0)] == [1, 0, 0, 1]
    assert kept.watchdog.wait(130.0) == INTERVAL / 2


def test_without_one_nobody_is_woken_for_it(tmp_path: Path) -> None:
    kept = Kept(tmp_path, interval=0.0)

    assert kept.at(100.0, SICK) == 0
    assert kept.watchdog.wait(100.0) is None
    assert not kept.log.texts()


def test_what_keeps_it_hungry_is_told_once_and_so_is_the_end_of_it(kept: Kept) -> None:
    assert [kept.at(100.0 + n, SICK) for n in range(3)] == [0, 0, 0]
    assert kept.place.ailment == "nobody waits for callers"
    assert kept.log.texts() == ["the watchdog is not fed: nobody waits for callers"]
    assert kept.watchdog.wait(102.0) == 1.0

    assert kept.at(103.0) == 1
    assert kept.place.ailment == ""
    assert kept.log.texts()[1:] == ["the watchdog is fed again"]


def test_a_manager_without_room_hears_of_us_again_soon(kept: Kept) -> None:
    kept.manager.hears = False

    assert kept.at(100.0) == 0
    kept.manager.hears = True
    assert kept.at(101.0) == 1
    assert not kept.log.texts()
