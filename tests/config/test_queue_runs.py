"""Words for queue runs, limits for each queue, and queues by network, in settings files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.config.document import as_toml
from pymta.config.generation import from_plain, to_plain
from pymta.config.launch import Launch
from pymta.config.per_queue import PerQueue, limit_of, may_start
from pymta.config.periodic import periodic_runs
from pymta.config.queue import Queue
from pymta.config.run_word import BadTimeError, RunWord, parse_run_word
from pymta.config.settings import Machine, Settings
from tests.config.test_read import complaints, read

SERVE = Machine(in_terminal=True, serve_port=2525, is_configured=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-q", RunWord()),
        ("-q30m", RunWord(interval=1800)),
        ("-qq10m", RunWord(two_stage=True, interval=600)),
        ("-qi", RunWord(first_only=True)),
        ("-qf5m", RunWord(force=True, interval=300)),
        ("-qffl", RunWord(force=True, thaw=True, local_only=True)),
        ("-qGhipri", RunWord("hipri")),
        ("-qGhipri/2m", RunWord("hipri", interval=120)),
        ("-qqifGa.b-c_d/1h30m", RunWord("a.b-c_d", True, True, True, interval=5400)),
        ("-qG", RunWord()),
        ("-qG/5m", RunWord(interval=300)),
    ],
)
def test_a_word_for_a_queue_run(text: str, expected: RunWord) -> None:
    """QR-06, N-16, N-28"""
    assert parse_run_word(text) == expected


@pytest.mark.parametrize("text", ["-q0s", "-q5", "-qfffx", "-qlf", "-qGa/x", "-qGa/0s", "-q3w"])
def test_a_time_that_is_none_is_told_from_the_rest(text: str) -> None:
    with pytest.raises(BadTimeError, match="want a time"):
        parse_run_word(text)


@pytest.mark.parametrize("text", ["", "q5m", "-Q5m", "-qG../5m", "-qGa b", "-qG\u00e4"])
def test_what_is_no_word_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="want a queue"):
        parse_run_word(text)


@given(st.text(max_size=20))
def test_whatever_is_written_it_is_a_word_or_a_value_error(text: str) -> None:
    for word in (text, f"-q{text}", f"-qG{text}"):
        try:
            found = parse_run_word(word)
        except ValueError:
            continue
        if found.interval:
            assert parse_run_word(found.told).interval == found.interval


def test_periodic_runs_are_the_interval_and_the_words(tmp_path: Path) -> None:
    """N-28"""
    file = tmp_path / "pymta.toml"
    file.write_text('queue_run_interval = "10m"\nqueue_runs = ["-qGhipri/2m", "-qqGlist/1h"]\n')

    settings = read(file)

    assert periodic_runs(settings) == (
        RunWord(interval=600),
        RunWord("hipri", interval=120),
        RunWord("list", two_stage=True, interval=3600),
    )
    file.write_text(as_toml(settings))
    assert read(file) == settings
    assert from_plain(to_plain(settings)) == settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"-q5"', 'found "-q5"; want a time such as'),
        ('"-q3w"', 'found "-q3w"; want a time from "1s" to "2w"'),
        ('"-qq"', 'found "-qq"; want a time at the end'),
        ('"5m"', 'found "5m"; want a queue run such as'),
        ('"-qG-x/5m"', 'found "-qG-x/5m"; want a queue name of at most 64'),
        ('"-q5m",\n"-qG/10m"', "queue-runner specified more than once for the default queue"),
        ('"-qGa/5m",\n"-qfGa/10m"', "queue-runner specified more than once for queue a"),
    ],
)
def test_a_wrong_word_is_named_where_it_stands(text: str, expected: str, tmp_path: Path) -> None:
    """N-28"""
    (complaint,) = complaints(f"queue_runs = [\n{text}\n]\n", tmp_path)

    line = 3 if "more than once" in expected else 2
    assert complaint.startswith(f"pymta.toml:{line}: queue_runs: ")
    assert expected in complaint


def test_the_default_queue_has_one_pace(tmp_path: Path) -> None:
    """N-28"""
    text = 'queue_run_interval = "5m"\nqueue_runs = ["-qq10m"]\n'

    assert "queue_run_interval is one, too" in complaints(text, tmp_path)[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["-q1m"]),
        ('queue_runs = ["-qGa/2m"]', ["-q1m", "-qGa/2m"]),
        ('queue_runs = ["-qq5m"]', ["-qq5m"]),
        ('queue_run = "timer"\nqueue_runs = ["-qGa/2m"]', ["-qGa/2m"]),
    ],
)
def test_a_terminal_runs_the_default_queue_unless_told_how(
    text: str, told: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "pymta.toml"
    file.write_text(text)

    assert [run.told for run in periodic_runs(read(file, SERVE))] == told


MANAGED, ALONE = Machine(is_managed=True), Machine()
TYPED, CLASSIC = Launch(is_classic=True, queue_runs=("-q7m",)), Launch(is_classic=True)


@pytest.mark.parametrize(
    ("machine", "launch", "queue", "told"),
    [
        (MANAGED, Launch(), Queue(), ["-q15m"]),
        (ALONE, Launch(), Queue(), ["-q5m"]),
        (ALONE, CLASSIC, Queue(), []),
        (MANAGED, CLASSIC, Queue(), []),
        (ALONE, TYPED, Queue(queue_runs=TYPED.queue_runs), ["-q7m"]),
        (ALONE, TYPED, Queue(queue_run="timer", queue_runs=TYPED.queue_runs), ["-q7m"]),
        (MANAGED, Launch(), Queue(queue_run="internal"), ["-q5m"]),
        (ALONE, CLASSIC, Queue(queue_run="internal"), ["-q5m"]),
        (ALONE, CLASSIC, Queue(queue_run_interval=60), ["-q1m"]),
        (MANAGED, Launch(), Queue(queue_run_interval=1800), ["-q30m"]),
        (MANAGED, Launch(), Queue(queue_run="timer", queue_run_interval=60), []),
        (MANAGED, Launch(), Queue(queue_run="timer", queue_runs=("-qGa/2m",)), ["-qGa/2m"]),
        (MANAGED, Launch(), Queue(queue_runs=("-qGa/2m",)), ["-q15m", "-qGa/2m"]),
        (MANAGED, Launch(), Queue(queue_runs=("-qq2m",)), ["-qq2m"]),
    ],
)
def test_who_runs_the_default_queue_and_how_often(
    machine: Machine, launch: Launch, queue: Queue, told: list[str]
) -> None:
    """SL-05, N-28: a classic command line without -q wants no runs of the clock."""
    settings = Settings(queue=queue, machine=machine, launch=launch)

    assert [run.told for run in periodic_runs(settings)] == told


@pytest.mark.parametrize(
    ("machine", "queue", "stands_in"),
    [
        (MANAGED, Queue(), True),
        (MANAGED, Queue(queue_run="internal"), False),
        (ALONE, Queue(), False),
    ],
    ids=["auto", "internal", "auto without a timer"],
)
def test_the_daemon_stands_in_for_the_timer_where_there_is_one(
    machine: Machine, queue: Queue, *, stands_in: bool
) -> None:
    (run,) = periodic_runs(Settings(queue=queue, machine=machine))

    assert run.stands_in == stands_in


def test_other_words_for_who_runs_it_are_refused(tmp_path: Path) -> None:
    (complaint,) = complaints('queue_run = "cron"\n', tmp_path)

    assert complaint.endswith('found "cron"; want "auto" or "internal" or "timer"')


TABLE: PerQueue = {"": 1, "hipri": 0, "list": 2}


@pytest.mark.parametrize(
    ("limit", "queue", "alive", "expected"),
    [
        (5, "", {"": 4}, True),
        (5, "", {"": 5}, False),
        (5, "a", {"": 3, "b": 2}, False),
        (1, "a", {}, True),
        (0, "", {"": 99}, True),
        (TABLE, "", {"hipri": 9}, True),
        (TABLE, "", {"": 1}, False),
        (TABLE, "hipri", {"hipri": 99}, True),
        (TABLE, "list", {"": 1, "list": 1}, True),
        (TABLE, "list", {"list": 2}, False),
        (TABLE, "other", {"other": 4}, True),
        (TABLE, "other", {"other": 5}, False),
        ({"*": 1}, "", {"": 1}, False),
        ({"*": 1, "a": 2}, "a", {"a": 1, "b": 1}, True),
        ({"*": 0}, "a", {"a": 9}, True),
    ],
)
def test_as_many_runs_as_may_be(
    limit: PerQueue, queue: str, alive: dict[str, int], expected: bool
) -> None:
    """QR-03, N-28: one number for all together, or one for each queue."""
    assert may_start(limit, queue, alive) is expected


def test_the_limit_of_a_queue_can_be_told() -> None:
    assert [limit_of(TABLE, name) for name in ("", "hipri", "x")] == [1, 0, 5]
    assert limit_of(3, "x") == 3


def test_limits_and_queues_are_read_in_either_way_toml_has(tmp_path: Path) -> None:
    """N-16, N-28"""
    file = tmp_path / "pymta.toml"
    file.write_text(
        'queue_run_max = { "" = 2, "*" = 1 }\n'
        "[queue_name]\n"
        '"192.0.2.0/24" = "slow"\n'
        '"192.0.2.7" = ""\n'
    )

    settings = read(file)

    assert settings.queue.queue_run_max == {"": 2, "*": 1}
    assert settings.queue.queue_name == {"192.0.2.0/24": "slow", "192.0.2.7/32": ""}
    file.write_text(as_toml(settings))
    assert read(file) == settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("queue_run_max = -1", "found -1; want a whole number from 0"),
        ('queue_run_max = "5"', 'found "5"; want a whole number from 0'),
        ("queue_run_max = { hipri = true }", 'in "hipri": want a whole number from 0'),
        ('queue_run_max = { "a/b" = 1 }', 'in "a/b": want a queue name'),
        ('queue_name = "a/b"', 'found "a/b"; want a queue name'),
        ('queue_name = { "192.0.2.0/33" = "a" }', 'in "192.0.2.0/33": want a network'),
        ('queue_name = { "*" = 5 }', 'in "*": want a queue name'),
        ("deliver_queue_load_max = -0.5", "want a load average of 0 or more"),
    ],
)
def test_a_mistake_is_named(text: str, expected: str, tmp_path: Path) -> None:
    (complaint,) = complaints(f"\n{text}\n", tmp_path)

    assert complaint.startswith(f"pymta.toml:2: {text.partition(' ')[0]}: ")
    assert expected in complaint
