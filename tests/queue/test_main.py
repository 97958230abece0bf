"""A whole queue run: its lines and its exit status.  What a delivery does is tested elsewhere."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pymta.channel.selection import Selection
from pymta.config.settings import Machine, Settings
from pymta.hints.sqlite import SqliteHints
from pymta.hints.store import HostHint
from pymta.hints.waits import HostWait
from pymta.hints.waits_sqlite import SqliteWaits
from pymta.journal.event import Kind
from pymta.load.reading import Load
from pymta.mail.envelope import Envelope, Recipient
from pymta.queue.main import DONE, TRY_LATER, main
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.states import SWEEP_AGE
from pymta.spool.store import Seal
from tests.doubles.daemon import wait_until
from tests.doubles.log import MemoryLog
from tests.doubles.other_run import under_way
from tests.doubles.queued import put, waiting

NEVER_REACHED = 4e9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(machine=Machine(state_directory=str(tmp_path)))


@pytest.mark.parametrize(
    ("selection", "tail"),
    [
        (Selection(by="timer"), ""),
        (Selection(force=True, thaw=True), " -qff"),
        (Selection(recipients="^x", recipients_are_pattern=True), " -Rr ^x"),
    ],
    ids=["plain", "forced", "a pattern"],
)
def test_a_run_says_when_it_starts_and_when_it_ends(
    settings: Settings, selection: Selection, tail: str
) -> None:
    log = MemoryLog()

    assert main(settings, log, selection) == DONE

    pid = os.getpid()
    assert log.texts() == [f"Start queue run: pid={pid}{tail}", f"End queue run: pid={pid}{tail}"]
    assert {event.kind for event in log.events} == {Kind.QUEUE_RUN, Kind.QUEUE_RUN_ENDED}
    assert log.events[1].fields == {"BY": selection.by, "ATTEMPTED": "0"}
    assert log.is_closed


def test_a_message_before_its_time_stays_where_it_is(settings: Settings, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    intake = spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 0.0))
    intake.commit(Seal())
    claim = spool.claim(intake.id)
    assert claim
    claim.note(Deferred(3e9, (0,), NEVER_REACHED, "busy"))
    claim.release()

    assert main(settings, log := MemoryLog(), Selection()) == DONE
    assert log.events[-1].fields["ATTEMPTED"] == "0"
    assert spool.holds(intake.id)


def test_a_run_clears_what_stopped_processes_left(settings: Settings, tmp_path: Path) -> None:
    spool = FileSpool(tmp_path / "spool")
    spool.begin(Envelope("a@b.example", (Recipient("c@d.example"),), 0.0))
    late = FileSpool(tmp_path / "spool", clock=lambda: NEVER_REACHED + SWEEP_AGE)

    assert main(settings, MemoryLog(), Selection()) == DONE
    assert len(list((tmp_path / "spool" / "incoming").iterdir())) == 1  # not old enough
    assert late.sweep() == 1


def test_a_spool_that_cannot_be_read_is_one_line_and_a_status(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_bytes(b"")

    assert main(settings, log := MemoryLog(), Selection()) == TRY_LATER
    assert log.events[-1].kind is Kind.SPOOL_TROUBLE
    assert "cannot open the spool directory" in log.texts()[-1]
    assert log.is_closed


def lines(log: MemoryLog) -> list[str]:
    """What a run says of itself, without its pid."""
    mark = f" pid={os.getpid()}"
    return [text.replace(mark, "") for text in log.texts() if mark in text]


def test_a_run_over_a_named_queue_says_so_and_leaves_the_others_alone(
    settings: Settings, tmp_path: Path
) -> None:
    """N-16"""
    plain, _, other = (put(tmp_path, queue=name) for name in ("", "slow", "other"))

    assert main(settings, log := MemoryLog(), Selection("slow", force=True)) == DONE

    assert lines(log) == ["Start 'slow' queue run: -qf", "End 'slow' queue run: -qf"]
    assert log.events[-1].fields == {"BY": "hand", "QUEUE": "slow", "ATTEMPTED": "1"}
    assert (waiting(tmp_path), waiting(tmp_path, "other")) == ([plain], [other])
    assert waiting(tmp_path, "slow") == []


def test_a_run_may_be_over_every_queue(settings: Settings, tmp_path: Path) -> None:
    """As ETRN has it."""
    for name in ("", "slow"):
        put(tmp_path, queue=name)

    log = MemoryLog()

    assert main(settings, log, Selection(force=True, everywhere=True)) == DONE

    begun = {line for line in lines(log) if line.startswith("Start")}
    assert begun == {"Start queue run: -qf", "Start 'slow' queue run: -qf"}
    assert waiting(tmp_path) == waiting(tmp_path, "slow") == []


def test_queues_are_run_one_after_another(settings: Settings, tmp_path: Path) -> None:
    for name in ("", "slow"):
        put(tmp_path, queue=name)

    assert main(settings, log := MemoryLog(), Selection("slow"), Selection()) == DONE

    assert lines(log) == [
        "Start 'slow' queue run:",
        "End 'slow' queue run:",
        "Start queue run:",
        "End queue run:",
    ]
    assert [event.fields.get("ATTEMPTED") for event in log.events if event.text[:3] == "End"] == [
        "1",
        "1",
    ]


def test_a_machine_that_becomes_too_busy_ends_the_run_between_two_messages(
    settings: Settings, tmp_path: Path
) -> None:
    """deliver_queue_load_max: strictly above it."""
    ids = [put(tmp_path) for _ in range(3)]
    loads = map(Load, [0.5, 2.0, 2.01])
    busy = replace(
        settings,
        queue=replace(settings.queue, deliver_queue_load_max=2.0, queue_run_in_order=True),
    )

    assert (
        main(busy, log := MemoryLog(), Selection(two_stage=True), read_load=lambda: next(loads))
        == DONE
    )

    assert lines(log) == [
        "Start queue run: -qq",
        "Abandon queue run: -qq (load 2.01, max 2.00)",
        "End queue run: -qq",
    ]
    assert log.events[-1].fields["ATTEMPTED"] == "2"
    assert waiting(tmp_path) == ids[2:]


@pytest.mark.parametrize(
    ("selection", "load"),
    [(Selection(force=True), 99.0), (Selection(), 2.0), (Selection(), None)],
    ids=["forced", "just as much", "nobody knows"],
)
def test_the_load_does_not_end_every_run(
    settings: Settings, tmp_path: Path, selection: Selection, load: float | None
) -> None:
    put(tmp_path)
    limited = replace(settings, queue=replace(settings.queue, deliver_queue_load_max=2.0))

    assert main(limited, log := MemoryLog(), selection, read_load=lambda: Load(load)) == DONE

    assert "Abandon" not in "".join(log.texts())
    assert waiting(tmp_path) == []


def test_the_load_is_read_where_the_settings_say(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path)
    source = tmp_path / "loadavg"
    source.write_text("7.50 1.00 1.00 1/1 1\n")
    limited = replace(
        settings,
        queue=replace(settings.queue, deliver_queue_load_max=7.0),
        limits=replace(settings.limits, load_average_file=str(source)),
    )

    assert main(limited, log := MemoryLog(), Selection()) == DONE
    assert "Abandon queue run: (load 7.50, max 7.00)" in lines(log)


@pytest.mark.parametrize(
    ("selection", "status", "said"),
    [
        (Selection(by="timer"), DONE, ["Skip queue run: (another one is under way)"]),
        (Selection(by="hand"), TRY_LATER, ["Skip queue run: (another one is under way)"]),
        (Selection(by="alarm", interval=60), DONE, []),
    ],
    ids=["timer", "in place of a daemon", "alarm"],
)
def test_a_run_whose_turn_it_is_not_does_not_begin(
    settings: Settings, tmp_path: Path, selection: Selection, status: int, said: list[str]
) -> None:
    """QR-03: the alarm skips its tick without a word."""
    put(tmp_path)
    with under_way(tmp_path / "run", Selection(by="timer")):
        log = MemoryLog()
        assert main(settings, log, selection, alone=not selection.interval) == status
        assert lines(log) == said
        assert log.is_closed
        assert len(waiting(tmp_path)) == 1


@pytest.mark.parametrize(("messages", "begins"), [(0, False), (1, True)])
def test_a_run_in_place_of_the_timer_does_not_begin_over_an_empty_queue(
    settings: Settings, tmp_path: Path, messages: int, *, begins: bool
) -> None:
    """As its unit would not (ConditionDirectoryNotEmpty=)."""
    for _ in range(messages):
        put(tmp_path)
    log = MemoryLog()

    stand_in = Selection(by="alarm", interval=900, stands_in=True)
    assert main(settings, log, stand_in) == DONE

    assert ("Start queue run:" in lines(log)) == begins
    assert log.is_closed
    assert waiting(tmp_path) == []


def test_who_asks_by_hand_gets_his_run_beside_others(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path)
    with under_way(tmp_path / "run", Selection(by="timer")):
        assert main(settings, MemoryLog(), Selection()) == DONE
    assert waiting(tmp_path) == []


def test_a_pattern_that_runs_away_ends_with_a_signal(settings: Settings, tmp_path: Path) -> None:
    """N-03: a Ctrl-C, or the end of the daemon, is heard while it matches."""
    id = put(tmp_path, "a" * 40 + "!@localhost")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            log = MemoryLog()
            runaway = Selection(recipients="(a+)+$", recipients_are_pattern=True)
            status = main(settings, log, runaway)
            os.write(write, "\n".join(lines(log)).encode())
            os._exit(status)
        finally:
            os._exit(99)
    os.close(write)
    wait_until(lambda: cpu_seconds(pid) > 0.3, "it matches")
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == DONE
    assert os.read(read, 1000) == b"Start queue run: -Rr (a+)+$\nEnd queue run: -Rr (a+)+$"
    os.close(read)
    assert waiting(tmp_path) == [id]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def test_messages_for_a_host_that_is_left_alone_are_not_even_opened(
    settings: Settings, tmp_path: Path
) -> None:
    ids = [put(tmp_path) for _ in range(3)]
    spool, now = FileSpool(tmp_path / "spool"), time.time()
    waits = SqliteWaits(tmp_path / "hints" / "waits.sqlite")
    for id in ids:
        claim = spool.claim(id)
        assert claim
        claim.note(Deferred(now - 900, (0,), now - 1, "Connection refused"))
        claim.release()
        waits.note(HostWait(id, "x.example", ("mx[192.0.2.1]:25",), now - 1, now + 9999))
    hints = SqliteHints(tmp_path / "hints" / "hints.sqlite")
    hints.put(HostHint("mx[192.0.2.1]:25", now - 900, now - 900, now + 600, "Connection refused"))

    assert main(settings, log := MemoryLog(), Selection()) == DONE

    assert log.events[-1].fields == {"BY": "hand", "ATTEMPTED": "0", "LEFT": "3"}
    assert waiting(tmp_path) == ids
    assert main(settings, log := MemoryLog(), Selection(two_stage=True)) == DONE
    assert log.events[-1].fields["LEFT"] == "3"  # counted once
    hints.forget("mx[192.0.2.1]:25")
    assert main(settings, log := MemoryLog(), Selection()) == DONE
    assert log.events[-1].fields == {"BY": "hand", "ATTEMPTED": "3"}
