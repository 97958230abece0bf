"""The report as people see it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pymta.cli.status_view import MOST_CALLERS, WIDTH, shown
from pymta.config.limits import Limits
from pymta.config.settings import Settings
from pymta.supervisor.dispatch import ANYWHERE, Task
from pymta.supervisor.report import Facts, Outcome, report
from tests.supervisor.test_report import BUSY, ID, QUIET


def view(facts: Facts, settings: Settings = Settings()) -> list[str]:  # noqa: B008 - frozen
    """Over JSON, as it comes."""
    return list(shown(json.loads(json.dumps(report(facts, settings)))))


def above_limits(lines: list[str]) -> list[str]:
    return lines[: lines.index("limits")]


def test_a_quiet_daemon_takes_few_lines() -> None:
    lines = view(QUIET, Settings(generation=3))

    assert above_limits(lines) == [
        "pymta 1.2: process 42, up 10m, configuration 3",
        "listeners      none",
        "connections    0/20",
        "deliveries     0/20",
        "queue runs     0/5",
    ]
    assert "  smtp_accept_max                          20" in lines
    assert not any(line.endswith(("None", "[]", "{}", "  ")) for line in lines)


def test_a_busy_one_shows_what_it_does() -> None:
    limits = Limits(smtp_accept_max_per_host={"192.0.2.0/24": 2, "*": 1}, smtp_load_reserve=8.0)

    lines = view(BUSY, Settings(limits=limits))

    assert above_limits(lines) == [
        "pymta 1.2: stopping, process 42, up 10m, configuration 0",
        "last reload    10s ago, refused: pymta.toml:3: no",
        "listeners      not accepting at present",
        "  [::]:25                                  smtp            2/20 waiting",
        "  /run/pymta/submit                        local",
        "connections    3/20, 1 free worker, mail is put off for want of disk space",
        "  2001:db8::1                              2",
        "  192.0.2.7                                1",
        "local          5/20",
        "  uid 1000                                 3",
        "  uid 0                                    2",
        "deliveries     1/20, 2 free workers, 1 or more waiting",
        f"  {ID} remote.example   process 7",
        f"  {ID} local            waiting",
        "queue runs     2/5, process 9, 10",
        "queue          5 messages, counted 50s ago",
        "load           0.50",
        "pressure       cpu 12.50%, memory 0.25%",
    ]
    assert "  smtp_accept_max_per_host                 192.0.2.0/24 2, * 1" in lines
    assert "  smtp_load_reserve                        8.0" in lines


def test_a_crowd_is_cut_short_and_fits_the_width() -> None:
    callers = {f"2001:db8:ffff:ffff:ffff:ffff:0:{n:x}": 1 for n in range(1, 101)}
    waiting = tuple(Task(ID, ANYWHERE) for _ in range(100))

    lines = view(replace(QUIET, callers=callers, sessions=100, waiting=waiting))

    assert f"  and {100 - MOST_CALLERS} more addresses" in lines
    assert "  and 90 more waiting" in lines
    assert len(lines) < 50
    assert max(map(len, lines)) <= WIDTH


def test_text_of_files_and_hosts_cannot_move_the_cursor() -> None:
    facts = replace(
        QUIET,
        last_reload=Outcome(is_success=False, at=0.0, text="\x1b[2Jgone\nlisteners none"),
        busy={7: Task(ID, "\x9b2J.example")},
    )

    assert all(line.isprintable() for line in view(facts))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "0s"),
        (59.9, "59s"),
        (61, "1m1s"),
        (3_725, "1h2m"),
        (90_061, "1d1h"),
        (700_000, "1w1d2h"),
    ],
)
def test_times_are_as_exact_as_one_wants_to_know(seconds: float, expected: str) -> None:
    assert f"up {expected}," in view(replace(QUIET, now=seconds, began=0.0))[0]


def test_a_daemon_that_says_less_is_shown_too() -> None:
    """Of an older or a newer version."""
    least = {"version": "9", "state": "serving", "pid": 1, "uptime": 1.0, "generation": 1}

    assert next(iter(shown(least))) == "pymta 9: process 1, up 1s, configuration 1"
