"""The units of named queues are those of the default queue, but for the queue."""

from __future__ import annotations

import difflib

import pytest

from tests.doubles.peers import CHECKOUT

PLACE = "ConditionDirectoryNotEmpty=/var/lib/pymta/spool/queue"
START = "ExecStart=/usr/bin/pymta queue run"


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
