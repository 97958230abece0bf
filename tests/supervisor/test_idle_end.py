from __future__ import annotations

import pytest

from pymta.supervisor.idle_end import IdleEnd


@pytest.mark.parametrize(
    ("idle", "sessions", "expected"),
    [
        (IdleEnd(0, called_at=5.0), 0, None),
        (IdleEnd(10), 0, None),
        (IdleEnd(10, called_at=5.0), 1, None),
        (IdleEnd(10, called_at=5.0), 0, 3.0),
        (IdleEnd(10, called_at=2.0), 0, 0.0),
        (IdleEnd(10, called_at=1.0), 0, 0.0),
    ],
    ids=["no limit", "before the first call", "somebody is served", "waiting", "now", "late"],
)
def test_when_a_daemon_ends_that_nobody_calls(
    idle: IdleEnd, sessions: int, expected: float | None
) -> None:
    """N-11"""
    assert idle.wait(12.0, sessions) == expected


def test_every_call_starts_the_time_anew() -> None:
    """N-11"""
    assert IdleEnd(10, called_at=2.0).called(11.0).wait(12.0, 0) == 9.0
