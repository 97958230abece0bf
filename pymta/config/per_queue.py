"""A limit for queue runs: one number for all of them, or a table of numbers keyed by queue.

    queue_run_max = 5
    queue_run_max = { "" = 2, "hipri" = 3, "*" = 1 }

One number bounds all runs together, whatever their queues.  In a table each queue has its own
limit: "" stands for the default queue, "*" for every queue that is not named.  0 means no limit.
This takes the place of the string that the classic daemon expands for each queue (N-28).
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.config.keyed import read_table
from pymta.config.run_word import NO_QUEUE_NAME
from pymta.config.units import MOST
from pymta.dataclass import dataclass
from pymta.mail.envelope import DEFAULT_QUEUE, is_queue_name

OTHERS = "*"
DEFAULT = 5  # of a queue that a table says nothing about

PerQueue = int | dict[str, int]


@dataclass(frozen=True, slots=True)
class CountPerQueue:
    """Marks a number, or a table of numbers keyed by queue.  See `pymta.config.units`."""

    def read(self, value: object) -> object:
        if not isinstance(value, Mapping):
            return _count(value)
        return read_table(value, _name, _count)


def may_start(limit: PerQueue, queue: str, alive: Mapping[str, int]) -> bool:
    """QR-03: may one more run begin?  `alive` are those that go on, by queue."""
    if isinstance(limit, int):
        return not limit or sum(alive.values()) < limit
    most = limit_of(limit, queue)
    return not most or alive.get(queue, 0) < most


def limit_of(limit: PerQueue, queue: str) -> int:
    """The number that bounds the runs of this queue."""
    if isinstance(limit, int):
        return limit
    return limit.get(queue, limit.get(OTHERS, DEFAULT))


def _name(text: str) -> str:
    if text not in {DEFAULT_QUEUE, OTHERS} and not is_queue_name(text):
        raise ValueError(f'{NO_QUEUE_NAME}, or "" for the default queue, or "*"')
    return text


def _count(value: object) -> int:
    if type(value) is int and 0 <= value <= MOST:
        return value
    raise ValueError(f"want a whole number from 0 to {MOST}")
