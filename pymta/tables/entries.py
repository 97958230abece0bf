"""Entries of a text, each with the number of its first line, counted from 1.

A line that begins with a blank goes on with the entry before it; lines that begin with "#" say
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator


def entries_of(text: str) -> Iterator[tuple[int, str]]:
    """Lines of an entry are joined by line ends, without the blanks around them."""
    number, lines = 0, list[str]()
    for n, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and lines:
            lines.append(line.strip())
            continue
        if lines:
            yield number, "\n".join(lines)
        number, lines = n, [line.rstrip()]
    if lines:
        yield number, "\n".join(lines)
