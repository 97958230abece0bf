"""The table of the README, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.lines import PARTS, Line, Part
from tests.bench.rows import Middle, Results, failure, middle

OURS, FRESH = "pymta", "pymta-fresh"


def table(results: Results) -> str:
    """With what was measured and where below it."""
    measured = {row.scenario for row in results.rows}
    blocks = [
        "\n".join(_part(results, part, measured))
        for part in PARTS
        if any(line.scenario in measured for line in part.lines)
    ]
    return "\n\n".join((*blocks, *_notes(results))) + "\n"


def words(found: Middle, scale: float = 1) -> str:
    """The median, and in brackets the range where it is one."""
    median, least, most = (number(v * scale) for v in (found.median, found.least, found.most))
    return median if least == most else f"{median} ({least}-{most})"


def number(value: float) -> str:
    """In three digits that count, or as many as stand before the point."""
    least_by_digits = enumerate((100, 10, 1, 0.1, 0.01))
    digits = next((n for n, least in least_by_digits if abs(value) >= least), 5)
    return f"{value:.{digits}f}" if value else "0"


def _part(results: Results, part: Part, measured: set[str]) -> Iterator[str]:
    titles = results.titles
    ours = [name for name in (OURS, FRESH) if name in titles]
    columns = [part.head, *titles.values(), *(f"{titles[name]} is" for name in ours)]
    yield _row(columns)
    yield "|---|" + "--:|" * (len(columns) - 1)
    for line in part.lines:
        if line.scenario in measured:
            cells = [_cell(results, line, target) for target in titles]
            ratios = [_ratio(results, line, name) for name in ours]
            yield _row([in_words(results, line), *cells, *ratios])


def in_words(results: Results, line: Line) -> str:
    listed, run = (f"{n:,}".replace(",", " ") for n in (results.listed, results.in_a_run))
    return line.what.format(listed=listed, run=run)


def _cell(results: Results, line: Line, target: str) -> str:
    if found := middle(results.rows, line.scenario, target, line.figure):
        return words(found, line.scale)
    if line.scenario in results.lacks.get(target, {}):
        return "none"
    return "failed" if failure(results.rows, line.scenario, target) else "-"


def _ratio(results: Results, line: Line, ours: str) -> str:
    """Our figure as a multiple of the best of others, in bold where ours is the better one."""
    mine = middle(results.rows, line.scenario, ours, line.figure)
    others = (line.beside_fresh if ours == FRESH else ()) or line.beside
    found = {name: middle(results.rows, line.scenario, name, line.figure) for name in others}
    theirs = {name: value for name, value in found.items() if value}
    if not mine or not theirs:
        return "-"
    choose = max if line.is_better_high else min
    best = choose(theirs, key=lambda name: theirs[name].median)
    ratio = mine.over(theirs[best])
    text = f"{number(ratio)} x {results.titles[best]}"
    is_better = ratio > 1 if line.is_better_high else ratio < 1
    return f"**{text}**" if is_better else text


def _notes(results: Results) -> Iterator[str]:
    where = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in where.versions.items())
    loads = [load for row in results.rows for load in row.load]
    rounds = 1 + max((row.round for row in results.rows), default=0)
    yield (
        f"Medians of {rounds} round{'s' * (rounds > 1)}, in brackets the range; {where.date}, "
        f"Linux {where.kernel}, {where.processors}, {where.file_system}, {where.python}, "
        f"CPU time by {where.account}, load average {min(loads, default=0):.1f} to "
        f"{max(loads, default=0):.1f}; {versions}."
    )
    if results.is_quick:
        yield "This was a quick round: none of these figures is worth anything."
    yield from _lacks(results)
    yield from _failures(results)


def _lacks(results: Results) -> Iterator[str]:
    for target, lacks in results.lacks.items():
        for scenario, why in lacks.items():
            if any(row.scenario == scenario for row in results.rows):
                yield f"{results.titles[target]} {why}."


def _failures(results: Results) -> Iterator[str]:
    """What failed for the same reason stands in one line."""
    places: dict[tuple[str, str], list[str]] = {}
    for row in results.rows:
        if row.failure:
            place = f"{row.scenario} (round {row.round + 1})"
            places.setdefault((row.target, row.failure), []).append(place)
    for (target, why), where in places.items():
        yield f"{results.titles[target]} failed in {', '.join(where)}: {why}."


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
