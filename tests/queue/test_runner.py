"""Queue runs with real worker processes whose work is a function of the test."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from pymta.channel.pair import End
from pymta.channel.words import NO_PLACE, Attempted, Deliver, Drain, HandOn
from pymta.journal.event import Kind
from pymta.queue.pool import MOST_DEATHS
from pymta.queue.runner import MOST_WORKERS, Runner
from pymta.queue.stop import Stop
from tests.doubles.line import Line
from tests.doubles.log import MemoryLog

Work = Callable[[str, End], None]


@pytest.fixture
def stop() -> Iterator[Stop]:
    with Stop() as watching:
        yield watching


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to which workers append a line per attempt."""
    path = tmp_path / "notes"
    path.touch()
    return path


def life_of(work: Work) -> Callable[[End], int]:
    def life(channel: End) -> int:
        while True:
            match channel.hear():
                case Deliver(id):
                    work(id, channel)
                    channel.say(Attempted(id))
                case Drain() | None:
                    return 0

    return life


def writer(notes: Path) -> Work:
    def work(id: str, _channel: End) -> None:
        fd = os.open(notes, os.O_WRONLY | os.O_APPEND)
        os.write(fd, f"{os.getpid()} {id}\n".encode())
        os.close(fd)

    return work


def run(
    ids: Iterable[str], work: Work, stop: Stop, *, most: int = 4, grace: float = 10
) -> tuple[bool, MemoryLog]:
    log = MemoryLog()
    runner = Runner(Line(ids), life_of(work), log, stop, most=most, grace=grace)
    before = children()  # those of other tests, which start their processes from one
    result = runner.run()
    assert children() <= before  # no worker is left behind
    return result, log


def children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


def attempts(notes: Path) -> list[str]:
    return [line.split()[1] for line in notes.read_text().split("\n") if line]


def test_every_message_is_attempted_once(notes: Path, stop: Stop) -> None:
    ids = [f"m{n}" for n in range(25)]

    is_done, log = run(ids, writer(notes), stop)

    assert is_done
    assert sorted(attempts(notes)) == sorted(ids)
    assert log.events == []


def test_a_run_has_few_workers_and_each_takes_one_message_after_another(
    notes: Path, stop: Stop
) -> None:
    """N-36: in every stage of every run, not only in the first of two."""
    run([f"m{n}" for n in range(30)], writer(notes), stop, most=1000)

    pids = {line.split()[0] for line in notes.read_text().split("\n") if line}
    assert 1 <= len(pids) <= MOST_WORKERS


def test_messages_are_attempted_in_their_order_by_one_worker(notes: Path, stop: Stop) -> None:
    ids = [f"m{n}" for n in range(10)]
    run(ids, writer(notes), stop, most=1)

    assert attempts(notes) == ids


def test_a_bounce_is_sent_in_the_run_that_made_it(notes: Path, stop: Stop) -> None:
    write = writer(notes)

    def work(id: str, channel: End) -> None:
        write(id, channel)
        if id == "m1":
            channel.say(HandOn("bounce"))

    run(["m1", "m2"], work, stop, most=1)

    assert attempts(notes) == ["m1", "bounce", "m2"]


@pytest.mark.parametrize(
    ("death", "how"),
    [
        pytest.param(lambda: os.kill(os.getpid(), signal.SIGKILL), "crashed with signal 9", id="9"),
        pytest.param(lambda: os._exit(3), "ended with status 3", id="exit"),
    ],
)
def test_a_worker_that_dies_costs_one_attempt_and_one_line(
    notes: Path, stop: Stop, death: Callable[[], None], how: str
) -> None:
    """N-37."""
    write = writer(notes)

    def work(id: str, channel: End) -> None:
        if id == "m2":
            death()
        write(id, channel)

    is_done, log = run([f"m{n}" for n in range(5)], work, stop, most=2)

    assert is_done
    assert sorted(attempts(notes)) == ["m0", "m1", "m3", "m4"]
    assert [event.kind for event in log.events] == [Kind.PROCESS_FAILED]
    assert log.texts()[0].endswith(f"{how} while delivering m2")
    assert log.events[0].queue_id == "m2"


def test_a_bug_in_a_worker_ends_the_worker_alone(
    notes: Path, stop: Stop, capfd: pytest.CaptureFixture[str]
) -> None:
    write = writer(notes)

    def work(id: str, channel: End) -> None:
        if id == "m0":
            raise KeyError("a bug")
        write(id, channel)

    is_done, log = run(["m0", "m1"], work, stop, most=1)

    assert is_done
    assert attempts(notes) == ["m1"]
    assert "KeyError: 'a bug'" in capfd.readouterr().err
    assert "ended with status 70 while delivering m0" in log.texts()[0]


def test_a_worker_that_finds_no_place_costs_nothing(notes: Path, stop: Stop) -> None:
    first = notes.with_name("first")
    work = life_of(writer(notes))

    def life(channel: End) -> int:
        if not first.exists():
            first.touch()
            return NO_PLACE
        return work(channel)

    log = MemoryLog()
    assert Runner(Line(["m0", "m1"]), life, log, stop, most=1, grace=10).run()

    assert attempts(notes) == ["m0", "m1"]
    assert log.events == []


def test_when_no_worker_works_the_run_stops_early(notes: Path, stop: Stop) -> None:
    is_done, log = run(map(str, range(1000)), lambda *_: os._exit(1), stop, most=1)

    assert not is_done
    assert len(log.events) == MOST_DEATHS


def test_sigterm_stops_feeding_and_lets_the_current_attempt_finish(notes: Path, stop: Stop) -> None:
    write = writer(notes)
    parent = os.getpid()

    def work(id: str, channel: End) -> None:
        os.kill(parent, signal.SIGTERM)
        write(id, channel)

    is_done, _ = run([f"m{n}" for n in range(50)], work, stop, most=1)

    assert is_done
    assert 1 <= len(attempts(notes)) < 50


def test_a_worker_that_does_not_end_in_its_grace_time_is_killed(stop: Stop) -> None:
    parent = os.getpid()

    def work(_id: str, _channel: End) -> None:
        os.kill(parent, signal.SIGTERM)
        signal.pause()

    began = time.monotonic()
    _, log = run(["m0"], work, stop, grace=0.2)

    assert time.monotonic() - began < 10
    assert "crashed with signal 9 while delivering m0" in log.texts()[0]


def test_a_worker_that_is_silent_for_too_long_is_killed_and_the_run_goes_on(
    notes: Path, stop: Stop
) -> None:
    write = writer(notes)

    def work(id: str, channel: End) -> None:
        if id == "m0":
            signal.pause()
        write(id, channel)

    log = MemoryLog()
    runner = Runner(Line(["m0", "m1"]), life_of(work), log, stop, most=1, grace=10, patience=1.0)

    assert runner.run()
    assert "crashed with signal 9 while delivering m0" in log.texts()[0]
    assert attempts(notes)[-1:] == ["m1"]


def test_a_worker_sees_the_end_of_the_run_that_was_killed(tmp_path: Path) -> None:
    """Siblings hold no copy of the run's end of each other's channels."""
    ended = tmp_path / "ended"
    ended.mkdir()

    def life(channel: End) -> int:
        while channel.hear() is not None:  # the last may be born and not fed yet
            pass
        (ended / str(os.getpid())).touch()
        return 0

    run_pid = os.fork()
    if run_pid == 0:
        with Stop() as watching:
            Runner(Line("abc"), life, MemoryLog(), watching, most=3, grace=1).run()
        os._exit(0)
    wait_until(lambda: len(children_of(run_pid)) == 3)
    os.kill(run_pid, signal.SIGKILL)
    os.waitpid(run_pid, 0)

    wait_until(lambda: len(list(ended.iterdir())) == 3)


def test_signals_are_back_to_what_they_were_after_a_run() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Stop() as watching:
        assert not watching.is_asked()
        os.kill(os.getpid(), signal.SIGINT)
        assert watching.is_asked()

    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
