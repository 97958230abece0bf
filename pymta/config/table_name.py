"""How a setting names a table: by the kind, a colon, and the file or the name.

    /etc/aliases            entries of "key: value", see `pymta.tables.text`
    file:/etc/aliases       the same
    regex:/etc/pymta/old    lines of "/pattern/ value", see `pymta.tables.regex`
    cidr:/etc/pymta/hosts   lines of "network value", see `pymta.tables.cidr`
    table:people            the database that [tables.people] describes

Which kinds may stand in a setting depends on what it is asked: networks hold no mail addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pymta.config.similar import similar
from pymta.dataclass import dataclass

FILE, REGEX, CIDR, DATABASE = "file", "regex", "cidr", "table"
OF_ADDRESSES = (FILE, REGEX, DATABASE)
_FORMS = {
    FILE: 'the absolute path of a file, such as "/etc/pymta/virtual"',
    REGEX: f'"{REGEX}:" with one',
    CIDR: f'"{CIDR}:" with the absolute path of a file',
    DATABASE: f'"{DATABASE}:" and the name of one of [tables.…]',
}


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


def parse_table_name(
    text: str, known: Collection[str] | None, kinds: Sequence[str] = tuple(_FORMS)
) -> TableName:
    """One of these kinds; `known` are the names of databases, None: any may be one.

    Raises ValueError with the words for the operator.
    """
    kind, colon, name = text.partition(":")
    if text.startswith("/") or not colon:
        kind, name = FILE, text
    is_path = name.startswith("/") and name.isprintable() and not name.endswith("/")
    if kind not in kinds or (kind != DATABASE and not is_path):
        *forms, last = (_FORMS[one] for one in kinds)
        raise ValueError(f"want {', '.join(forms)}, or {last}")
    if kind == DATABASE and known is not None and name not in known:
        raise ValueError(_unknown(name, known))
    return TableName(kind, name)


def file_of(text: str) -> str:
    """The path, where `text` names a file of "key: value"; "" where it does not."""
    return (
        text if text.startswith("/") else text.removeprefix("file:") if text[:6] == "file:/" else ""
    )


def unknown_databases(
    table: Any, keys: Collection[str], known: Collection[str]
) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Key and place in the list that is there, the name, and what would be right.

    Whatever else is wrong with `table` is told elsewhere.
    """
    for key in keys if isinstance(table, dict) else ():
        names = table.get(key)
        for number, text in enumerate(names if isinstance(names, list) else ()):
            kind, _, name = str(text).partition(":")
            if kind == DATABASE and name not in known:
                yield (key, number), text, _unknown(name, known)


def _unknown(name: str, known: Collection[str]) -> str:
    if close := similar(name, known):
        return f'no such table; did you mean "{DATABASE}:{close}"?'
    there = f"there are {', '.join(known)}" if known else f"want a [tables.{name or 'name'}]"
    return f"no such table; {there}"
