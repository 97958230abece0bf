from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.config.limits import Limits
from pymta.config.settings import Settings
from pymta.supervisor.allowed import allowed
from pymta.supervisor.enough import Allowed, shortfalls


def with_limit(connections: int) -> Settings:
    return replace(Settings(), limits=replace(Limits(), smtp_accept_max=connections))


@pytest.mark.parametrize(
    ("connections", "files", "processes", "said"),
    [
        (20, 1024, 2048, []),
        (4096, None, None, []),
        (0, 64, 64, []),
        (4096, 16384, 2048, ["4168 processes (TasksMax=, ulimit -u), and 2048 are allowed"]),
        (1000, 1024, 4096, ["1168 open files (LimitNOFILE=, ulimit -n), and 1024 are allowed"]),
        (4096, 4264, 4168, []),
    ],
    ids=["default", "no limits", "no promise", "processes", "descriptors", "just enough"],
)
def test_a_promise_that_the_system_does_not_let_us_keep_is_told(
    connections: int, files: int | None, processes: int | None, said: list[str]
) -> None:
    """ST-09, AE-04, CP-02: before the first caller hears a 421 for it."""
    lines = shortfalls(with_limit(connections), Allowed(files, processes))

    assert len(lines) == len(said)
    for line, part in zip(lines, said, strict=True):
        assert part in line
        assert line.startswith(f"smtp_accept_max = {connections} may take ")


def test_what_is_allowed_here_can_be_found_out() -> None:
    found = allowed()

    assert found.files is None or found.files > 3
    assert found.processes is None or found.processes > 1
