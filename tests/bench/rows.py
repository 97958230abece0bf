"""Results: a row for each scenario, server and round, and what is made of those of all rounds."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.bench.scenario import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, or in `failure` why there is none.

    `load` is the load average of one minute before and after, `seconds` what it took altogether.
    """

    round: int
    scenario: str
    target: str
    figures: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
    load: tuple[float, float] = (0, 0)
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and when it was measured, and what."""

    date: str
    kernel: str
    processors: str
    file_system: str
    python: str
    account: str
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    machine: Machine
    titles: Mapping[str, str]  # of targets, in the order of columns
    lacks: Mapping[str, Mapping[str, str]]  # by target: scenarios that are not for it, and why
    rows: tuple[Row, ...]
    listed: int  # messages of the queue that was listed
    in_a_run: int
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Middle:
    """The median over the rounds, and how far they lie apart."""

    median: float
    least: float
    most: float

    def over(self, other: Middle) -> float:
        """How often the other one goes into this one."""
        return self.median / other.median if other.median else float("inf")


def middle(rows: Iterable[Row], scenario: str, target: str, figure: Figure) -> Middle | None:
    values = [
        row.figures[figure]
        for row in rows
        if (row.scenario, row.target) == (scenario, target) and figure in row.figures
    ]
    return Middle(statistics.median(values), min(values), max(values)) if values else None


def failure(rows: Iterable[Row], scenario: str, target: str) -> str:
    """The first one of this cell; "" when there is none."""
    cell = (row for row in rows if (row.scenario, row.target) == (scenario, target))
    return next((row.failure for row in cell if row.failure), "")


def together(runs: Sequence[Results]) -> Results:
    """Several runs as one: machine and columns are those of the last, its rounds come last."""
    rows: list[Row] = []
    for run in runs:
        before = 1 + max((row.round for row in rows), default=-1)
        rows += (replace(row, round=row.round + before) for row in run.rows)
    return replace(runs[-1], rows=tuple(rows))


def write(results: Results, path: Path) -> None:
    """As JSON, a line for each row."""
    whole = asdict(results)
    rows = ",\n".join(map(json.dumps, whole.pop("rows")))
    head = json.dumps(whole, indent=1).removesuffix("\n}")
    path.write_text(f'{head},\n "rows": [\n{rows}\n]}}\n')


def read(path: Path) -> Results:
    said = json.loads(path.read_text())
    rows = (row | {"load": tuple(row["load"])} for row in said.pop("rows"))
    machine = Machine(**said.pop("machine"))
    return Results(machine=machine, rows=tuple(Row(**row) for row in rows), **said)
