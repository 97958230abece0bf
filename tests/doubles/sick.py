"""A supervisor with something wrong in it.

    python -m tests.doubles.sick ILLNESS GENERATION

    stuck       the first caller brings it to a stand for ever
    deaf        it waits, and never hears that somebody calls
    timeless    its queue clock never ticks
    hung_spool  whoever looks into the spool waits for ever; it does so itself only at its start

Touches: processes, clock.
"""

from __future__ import annotations

import selectors
import sys
import time
from typing import Any

from pymta.config.run_word import RunWord
from pymta.spool.files import FileSpool
from pymta.supervisor import pulse
from pymta.supervisor.main import main
from pymta.supervisor.queue_clock import QueueClock
from pymta.supervisor.reception import Reception

FOR_EVER = 3600.0


class Deaf(selectors.EpollSelector):
    """Listeners are those whose key has no data."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = [(key, mask) for key, mask in super().select(timeout) if key.data is not None]
        if not found:
            time.sleep(0.05)  # instead of a loop that turns at full speed
        return found


def wait_for_ever(*_arguments: Any, **_named: Any) -> Any:
    time.sleep(FOR_EVER)


def stand_still(clock: QueueClock, *_arguments: Any) -> tuple[RunWord | None, QueueClock]:
    time.sleep(0.05)
    return None, clock


def fall_ill(illness: str) -> None:
    pulse.PATIENCE = 1.0
    match illness:
        case "stuck":
            Reception.take_call = wait_for_ever  # type: ignore[method-assign]
        case "deaf":
            selectors.DefaultSelector = Deaf  # type: ignore[misc, assignment]
        case "timeless":
            QueueClock.tick = stand_still  # type: ignore[method-assign, assignment]
        case "hung_spool":
            for name in ("begin", "claim", "peek", "queues", "waiting", "room", "sweep"):
                setattr(FileSpool, name, wait_for_ever)


if __name__ == "__main__":
    fall_ill(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
