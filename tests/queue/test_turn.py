"""Who may run a queue while others do, with real processes that hold the lock and die."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from pymta.channel.selection import Selection
from pymta.queue.turn import SWEEP_PACE, NotYet, Turn, take_turn, takes_sweep
from tests.doubles.other_run import under_way

NOW = 1_800_000_000.0
ALARM = Selection(by="alarm", interval=300)
TIMER = Selection(by="timer")
HAND = Selection(by="hand")
BY_DAEMON = Selection(by="command")
ALONE = {"timer"}


def begin(directory: Path, selection: Selection, now: float = NOW) -> Turn | NotYet:
    return take_turn(directory, selection, now, alone=selection.by in ALONE)


def outcome(directory: Path, selection: Selection, now: float = NOW) -> NotYet | None:
    """What becomes of a run that ends at once."""
    turn = begin(directory, selection, now)
    if isinstance(turn, NotYet):
        return turn
    turn.leave()
    return None


@pytest.mark.parametrize("one", [ALARM, HAND, TIMER, BY_DAEMON], ids=lambda s: s.by)
@pytest.mark.parametrize("other", [ALARM, HAND, TIMER, BY_DAEMON], ids=lambda s: s.by)
def test_who_begins_beside_whom(one: Selection, other: Selection, tmp_path: Path) -> None:
    """QR-03: only a run of the timer is kept apart from all others, unless a person asks."""
    with under_way(tmp_path, one):
        stands_back = other.by == "timer" or (other.by == "alarm" and one.by == "timer")
        assert outcome(tmp_path, other) == (NotYet.UNDER_WAY if stands_back else None)
    assert outcome(tmp_path, other, NOW + 7200) is None


def test_runs_of_the_alarm_overlap(tmp_path: Path) -> None:
    """QR-02, QR-03: how many, is the supervisor's to count."""
    with under_way(tmp_path, ALARM), under_way(tmp_path, ALARM), under_way(tmp_path, ALARM):
        assert outcome(tmp_path, ALARM) is None
        assert outcome(tmp_path, TIMER) is NotYet.UNDER_WAY


@pytest.mark.parametrize("other", [TIMER, HAND, BY_DAEMON], ids=lambda s: s.by)
def test_the_alarm_skips_a_tick_when_another_run_began_within_its_interval(
    other: Selection, tmp_path: Path
) -> None:
    assert outcome(tmp_path, other, NOW) is None

    assert outcome(tmp_path, ALARM, NOW) is NotYet.RECENT
    assert outcome(tmp_path, ALARM, NOW + 299) is NotYet.RECENT
    assert outcome(tmp_path, ALARM, NOW + 300) is None


def test_a_clock_that_was_set_back_does_not_stop_the_alarm(tmp_path: Path) -> None:
    outcome(tmp_path, TIMER, NOW)

    assert outcome(tmp_path, ALARM, NOW - 1) is None


def test_alarms_do_not_keep_each_other_from_running(tmp_path: Path) -> None:
    """HU-02: nor does a reload, whose first run comes at once."""
    assert [outcome(tmp_path, ALARM, NOW + n) for n in range(3)] == [None] * 3


def test_where_timer_and_alarm_are_both_on_one_of_them_does_the_work(tmp_path: Path) -> None:
    """Both every five minutes, the timer a little later each time, as systemd counts."""
    events = [(300.0 * n, ALARM) for n in range(20)] + [(20 + 312.0 * n, TIMER) for n in range(20)]
    ran = [
        (at, selection.by)
        for at, selection in sorted(events, key=lambda event: event[0])
        if outcome(tmp_path, selection, NOW + at) is None
    ]

    assert [by for _, by in ran].count("timer") == 20
    assert [by for _, by in ran].count("alarm") <= 2


def test_when_the_timer_stops_the_alarm_is_back_within_two_intervals(tmp_path: Path) -> None:
    outcome(tmp_path, TIMER, NOW + 299)
    waits = [outcome(tmp_path, ALARM, NOW + 300 * n) for n in (1, 2)]

    assert waits == [NotYet.RECENT, None]


def test_the_lock_dies_with_its_holder_though_its_children_live(tmp_path: Path) -> None:
    """kill -9 of a run while a delivery worker goes on."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            begin(tmp_path, TIMER, NOW - 3600)
            worker = os.fork()
            if worker == 0:
                signal.pause()
            os.write(write, str(worker).encode())
            signal.pause()
        finally:
            os._exit(1)
    os.close(write)
    worker = int(os.read(read, 20))
    os.close(read)
    try:
        assert outcome(tmp_path, TIMER) is NotYet.UNDER_WAY
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert outcome(tmp_path, TIMER) is None
    finally:
        os.kill(worker, signal.SIGKILL)


def test_each_queue_has_a_turn_of_its_own(tmp_path: Path) -> None:
    """N-16"""
    slow = Selection("slow", by="timer")
    with under_way(tmp_path, TIMER):
        assert outcome(tmp_path, slow) is None
        assert outcome(tmp_path, Selection("slow", by="alarm", interval=300)) is NotYet.RECENT
        assert outcome(tmp_path, TIMER) is NotYet.UNDER_WAY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["queue", "queue.slow"]


def test_a_run_over_a_part_goes_beside_all_others_and_leaves_no_stamp(tmp_path: Path) -> None:
    part = Selection(recipients="@a.example", by="timer")
    with under_way(tmp_path, TIMER):
        assert outcome(tmp_path, part) is None
    assert outcome(tmp_path / "new", part) is None
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff" * 99, b"nan", b"inf"])
def test_a_damaged_stamp_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "queue").write_bytes(content)

    assert outcome(tmp_path, ALARM) is None
    assert outcome(tmp_path, TIMER, NOW) is None
    assert outcome(tmp_path, ALARM, NOW) is NotYet.RECENT


def test_the_spool_is_cleared_by_one_run_in_ten_minutes(tmp_path: Path) -> None:
    directory = tmp_path
    pauses = [0.0, 1.0, SWEEP_PACE - 1, SWEEP_PACE, SWEEP_PACE + 1, SWEEP_PACE - 9, 2 * SWEEP_PACE]

    assert [takes_sweep(directory, NOW + pause) for pause in pauses] == [
        True,  # never before
        False,
        False,
        True,
        False,
        True,  # the clock was set back
        True,
    ]


def test_a_full_disk_keeps_nobody_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries make room."""

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", refuse)

    assert outcome(tmp_path, TIMER) is None
    assert takes_sweep(tmp_path, NOW)
    assert takes_sweep(tmp_path / "not there", NOW)


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for selection in (ALARM, TIMER, HAND):
        outcome(tmp_path, selection)
    outcome(tmp_path, ALARM)
    takes_sweep(tmp_path, NOW)

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_place_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "queue").symlink_to("/dev/null")

    with pytest.raises(OSError, match="symbolic links"):
        begin(tmp_path, TIMER)
