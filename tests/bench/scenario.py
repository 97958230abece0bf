"""What is measured of each server: a scenario, and the figures that it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.bench.peer import USUAL, Wish
from tests.bench.server import Server


class Figure(StrEnum):
    """The names of figures, each with its unit."""

    CPU_MS = "cpu_ms"  # of all processes of the server, for one unit of the work
    RATE = "rate"  # units a second
    P50_MS = "p50_ms"
    P99_MS = "p99_ms"
    KIB = "kib"
    SECONDS = "seconds"
    AGAIN_CPU_MS = "again_cpu_ms"  # of the same, done again
    AGAIN_SECONDS = "again_seconds"
    UNITS = "units"  # how many there were


Figures = dict[Figure, float]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done.  `quick`: just so much that every figure exists, whatever it is worth.

    `sink_port` is the smarthost's, `work` a directory for what is needed beside the servers;
    `listed` and `in_a_run` are messages of the queues of those scenarios, in hundreds.
    """

    quick: bool
    sink_port: int
    work: Path
    listed: int = 100_000
    in_a_run: int = 5000

    def count(self, full: int, quick: int = 10) -> int:
        return quick if self.quick else full

    def seconds(self, full: float) -> float:
        return 0.3 if self.quick else full

    @property
    def quiet(self) -> tuple[float, float]:
        """How long the end of the work is waited for, and how long an idle server is at its end."""
        return (0.2, 0.1) if self.quick else (5, 0.4)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`about` says what one unit of it is.

    `is_fresh`: the server is started anew for it.  `is_seen`: and has had a little work before.
    `is_apart`: it starts the server itself, in a place of its own.
    `is_once`: it takes so long that it is left out of all rounds but the first.
    """

    name: str
    about: str
    measure: Callable[[Server, Extent], Figures]
    wish: Wish = USUAL
    is_fresh: bool = False
    is_seen: bool = True
    is_apart: bool = False
    is_once: bool = False


def cost(before: float, after: float, units: float) -> Figures:
    """CPU time by unit, from seconds before and after."""
    if not units:
        raise RuntimeError("nothing was done")
    return {Figure.CPU_MS: (after - before) * 1000 / units, Figure.UNITS: units}
