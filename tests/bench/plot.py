"""The picture of the README: CPU time of each server for a unit of work, as SVG.

Each scenario has an axis of its own that begins at nothing: a session without mail costs a
hundredth of a message, and both are to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tests.bench.lines import CPU, Line
from tests.bench.rows import Middle, Results, middle
from tests.bench.table import in_words, number

COLOURS = {
    "pymta": "#1f6f8b",
    "pymta-fresh": "#7fb7c9",
    "postfix": "#b5651d",
    "exim": "#8a8d3f",
    "opensmtpd": "#8b8b8b",
}
OTHER_COLOUR = "#555555"
WIDTH, LEFT, RIGHT = 760, 150, 100
TOP, BAR, GAP, HEAD = 58, 14, 4, 26
XMLNS = "xmlns='http://www.w3.org/2000/svg'"
FONT = "font-family='sans-serif'"


def plot(results: Results) -> str:
    """An SVG document.  A server without a figure has a place that says so."""
    panels = [line for line in CPU.lines if _values(results, line)]
    height = TOP + len(panels) * _panel_height(results) + 30
    pieces = [
        f"<svg {XMLNS} viewBox='0 0 {WIDTH} {height}' role='img'>",
        f"<title>{escape(_title(results))}</title>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
        _text(
            16, 24, "CPU milliseconds of all processes of the server, for each …", 15, weight="bold"
        ),
        _text(16, 42, _title(results), 11, colour="#555555"),
    ]
    for index, line in enumerate(panels):
        pieces.extend(_panel(results, line, TOP + index * _panel_height(results)))
    pieces.append(
        _text(16, height - 12, "Each block has a scale of its own, from 0.  Less is better.", 11)
    )
    return "\n".join([*pieces, "</svg>", ""])


def _panel(results: Results, line: Line, top: float) -> Iterator[str]:
    values = _values(results, line)
    room = WIDTH - LEFT - RIGHT
    scale = room / max(value.most for value in values.values())
    yield _text(16, top + 18, f"… {in_words(results, line).replace('`', '')}", 12, weight="bold")
    yield (
        f"<line x1='{LEFT}' x2='{LEFT}' y1='{top + HEAD - 2}' "
        f"y2='{top + _panel_height(results) - 10}' stroke='#333333'/>"
    )
    for index, (target, title) in enumerate(results.titles.items()):
        y = top + HEAD + index * (BAR + GAP)
        yield _text(LEFT - 8, y + BAR - 3, title, 12, anchor="end")
        if target not in values:
            yield _text(LEFT + 6, y + BAR - 3, "none", 11, colour="#777777")
            continue
        value = values[target]
        width = value.median * scale
        colour = COLOURS.get(target, OTHER_COLOUR)
        yield f"<rect x='{LEFT}' y='{y}' width='{width:.1f}' height='{BAR}' fill='{colour}'/>"
        yield _range(value, scale, y)
        end = LEFT + max(width, value.most * scale) + 6
        yield _text(end, y + BAR - 3, number(value.median), 12)


def _range(value: Middle, scale: float, y: float) -> str:
    """A thin line from the least to the most."""
    least, most, middle_of_bar = LEFT + value.least * scale, LEFT + value.most * scale, y + BAR / 2
    return (
        f"<line x1='{least:.1f}' x2='{most:.1f}' y1='{middle_of_bar}' y2='{middle_of_bar}' "
        "stroke='#222222'/>"
    )


def _values(results: Results, line: Line) -> dict[str, Middle]:
    found = {
        target: middle(results.rows, line.scenario, target, line.figure)
        for target in results.titles
    }
    return {target: value for target, value in found.items() if value}


def _panel_height(results: Results) -> int:
    return HEAD + len(results.titles) * (BAR + GAP) + 12


def _title(results: Results) -> str:
    where = results.machine
    return f"Medians and ranges, {where.date}, Linux {where.kernel}, {where.processors}"


def _text(
    x: float,
    y: float,
    text: str,
    size: int,
    *,
    weight: str = "normal",
    anchor: str = "start",
    colour: str = "#222222",
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} font-size='{size}' font-weight='{weight}' "
        f"text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"
    )
