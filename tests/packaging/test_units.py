"""Units as texts: those of named queues are those of the default queue, and none loses lines."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from pymta.journal.line import IDENTIFIER
from tests.doubles.peers import CHECKOUT

PLACE = "ConditionDirectoryNotEmpty=/var/lib/pymta/spool/queue"
START = "ExecStart=/usr/bin/pymta queue run"
SERVICES = sorted((CHECKOUT / "systemd").glob("*.service"))


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("timer", []),
        ("service", [f"-{PLACE}", f"+{PLACE}.%i", f"-{START}", f"+{START} --queue %i"]),
    ],
)
def test_a_template_differs_in_nothing_else(kind: str, changed: list[str]) -> None:
    """N-16"""
    plain, named = (
        (CHECKOUT / "systemd" / f"pymta-queue{at}.{kind}").read_text().splitlines()
        for at in ("", "@")
    )
    differences = [
        line
        for line in difflib.ndiff(plain, named)
        if line[0] in "+-" and not line[2:].startswith(("#", "Description="))
    ]

    assert sorted(line[0] + line[2:] for line in differences) == sorted(changed)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_no_unit_of_ours_has_its_lines_dropped_or_misnamed(unit: Path) -> None:
    """A limit of 0 is the default to systemd, and the default dropped 15000 of 50000 lines.

    Standard error, which takes what the journal's socket does not, is named by the unit; both must
    be found by one `journalctl -t`.
    """
    lines = unit.read_text().splitlines()

    assert {"LogRateLimitIntervalSec=1s", "LogRateLimitBurst=10000000"} <= set(lines)
    assert f"SyslogIdentifier={IDENTIFIER}" in lines
