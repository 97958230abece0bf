"""When a message waits for a queue run instead of being delivered at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.config.limits import Limits
from pymta.config.session import Session
from pymta.config.settings import Settings
from pymta.session.hold_back import reason_to_queue


def settings(*, queue: int = 0, per_connection: int = 10, only: bool = False) -> Settings:
    return replace(
        Settings(),
        limits=Limits(smtp_accept_queue=queue),
        session=Session(queue_only=only, smtp_accept_queue_per_connection=per_connection),
    )


@pytest.mark.parametrize(
    ("others", "accepted", "given", "reason"),
    [
        pytest.param(0, 1, settings(), None, id="at once"),
        pytest.param(0, 10, settings(), None, id="ID-03 the last of its share"),
        pytest.param(
            0,
            11,
            settings(),
            "more than 10 messages received in one connection",
            id="ID-03 one more",
        ),
        pytest.param(0, 99, settings(per_connection=0), None, id="ID-03 without a limit"),
        pytest.param(0, 1, settings(queue=1), None, id="CP-06 the first connection"),
        pytest.param(
            1, 1, settings(queue=1), "too many connections (2, max 1)", id="ID-02 the second"
        ),
        pytest.param(99, 1, settings(), None, id="CP-06 switched off"),
        pytest.param(0, 1, settings(only=True), "", id="ID-05 no line for plain queue_only"),
        pytest.param(
            1,
            1,
            settings(only=True, queue=1),
            "too many connections (2, max 1)",
            id="ID-05 reason 1 wins over queue_only",
        ),
    ],
)
def test_a_message_is_held_back_for_the_first_reason_that_holds(
    others: int, accepted: int, given: Settings, reason: str | None
) -> None:
    assert reason_to_queue(others, accepted, given) == reason
