"""The command that sends a daemon into the background returns with the truth."""

from __future__ import annotations

import pytest

from pymta.cli.background import SILENT, outcome
from pymta.supervisor import birth


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (birth.SERVES, (0, "")),
        (
            b"pymta cannot start: Address already in use",
            (1, "pymta cannot start: Address already in use"),
        ),
        (b"", (1, SILENT)),
        (b"serv", (1, "serv")),
    ],
    ids=["serves", "failed", "died without a word", "died in the middle of one"],
)
def test_the_command_tells_what_became_of_its_daemon(
    said: bytes, expected: tuple[int, str]
) -> None:
    """BL-10, ST-04"""
    assert outcome(said) == expected
