"""What is left to do of settled messages."""

from __future__ import annotations

from pymta.delivery.afterwards import LONGEST, TOGETHER, Afterwards
from pymta.hints.waits import HostWait, MemoryWaits
from pymta.journal.event import Event
from tests.doubles.memory_spool import MemorySpool


class Watched(MemorySpool):
    cleared = 0

    def clear(self) -> None:
        super().clear()
        self.cleared += 1


class Rig:
    def __init__(self) -> None:
        self.now = 5.0
        self.told: list[Event] = []
        self.waits = MemoryWaits()
        self.spool = Watched(clock=lambda: self.now)
        self.after = Afterwards(self.spool, self.waits, self.told.append, lambda: self.now)

    def settle(self, *ids: str) -> None:
        for id in ids:
            self.waits.note(HostWait(id, "d.example", ("h",), 0.0, 0.0))
            self.after.add(id)


def test_it_is_done_for_many_at_once() -> None:
    rig = Rig()
    rig.settle(*(str(n) for n in range(TOGETHER - 1)))
    assert (rig.spool.cleared, len(rig.waits.kept)) == (0, TOGETHER - 1)

    rig.settle("last")
    assert (rig.spool.cleared, len(rig.waits.kept)) == (1, 0)


def test_few_do_not_wait_long_for_others() -> None:
    rig = Rig()
    assert rig.after.in_time() is None
    rig.settle("one")
    assert rig.after.in_time() == LONGEST
    rig.now += LONGEST / 2
    rig.settle("other")
    assert rig.spool.cleared == 0
    assert rig.after.in_time() == LONGEST / 2

    rig.now += LONGEST
    assert rig.after.in_time() is None
    assert (rig.spool.cleared, rig.waits.kept) == (1, {})
    rig.after.close()
    assert rig.spool.cleared == 1


def test_trouble_with_the_disk_is_told_and_hints_are_forgotten_all_the_same() -> None:
    rig = Rig()
    rig.spool.fail_at = "clear"
    rig.settle("one")
    rig.after.close()

    assert [event.queue_id for event in rig.told] == ["one"]
    assert rig.waits.kept == {}
