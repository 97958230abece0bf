"""How a setting names a table: by the kind, a colon, and the file or the name.

/etc/aliases            entries of "key: value", see `pymta.tables.text`
file:/etc/aliases       the same
regex:/etc/pymta/old    lines of "/pattern/ value", see `pymta.tables.regex`
table:people            the database that [tables.people] describes
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

FILE, REGEX, DATABASE = "file", "regex", "table"
_FILES = (FILE, REGEX)
_WANTED = (
    'want the absolute path of a file, such as "/etc/pymta/virtual", "regex:" with one, or "table:"'
    " and the name of one of [tables.…]"
)


@dataclass(frozen=True, slots=True)
class TableName:
    """`name` is a path, or for DATABASE what stands behind "tables." in the settings."""

    kind: str
    name: str

    @property
    def file(self) -> str:
        """The path of a file of "key: value"; "" for every other kind."""
        return self.name if self.kind == FILE else ""

    def __str__(self) -> str:
        return self.name if self.kind == FILE else f"{self.kind}:{self.name}"


def parse_table_name(text: str, known: Collection[str]) -> TableName:
    """`known` are the names of databases.  Raises ValueError with the words for the operator."""
    kind, colon, name = text.partition(":")
    if text.startswith("/") or not colon:
        kind, name = FILE, text
    if kind in _FILES and name.startswith("/") and name.isprintable() and not name.endswith("/"):
        return TableName(kind, name)
    if kind != DATABASE:
        raise ValueError(_WANTED)
    if name not in known:
        raise ValueError(_unknown(name, known))
    return TableName(kind, name)


def file_of(text: str) -> str:
    """The path, where `text` names a file of "key: value"; "" where it does not."""
    return (
        text if text.startswith("/") else text.removeprefix("file:") if text[:6] == "file:/" else ""
    )


def _unknown(name: str, known: Collection[str]) -> str:
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.7):
        return f'no such table; did you mean "{DATABASE}:{close[0]}"?'
    there = f"there are {', '.join(known)}" if known else f"want a [tables.{name or 'name'}]"
    return f"no such table; {there}"
