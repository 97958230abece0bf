"""What a database is asked for one key, and what its rows say."""

from __future__ import annotations

from collections.abc import Iterable

from pymta.config.databases import VALUES
from pymta.dataclass import dataclass
from pymta.tables.table import Answer, Found, Nothing, Unsure

MOST_ROWS = 10_000  # as many targets as an alias may have
LARGEST = 1 << 20  # characters of all of them


def values_of(key: str) -> dict[str, str]:
    """What stands for each of `pymta.config.databases.VALUES`.

    The domain is "" for the name of a local alias, the local part "" for ``@example.org``.
    """
    local_part, at, domain = key.rpartition("@")
    parts = (local_part, domain) if at else (key, "")
    return dict(zip(VALUES, (key, *parts), strict=True))


def answer_of(name: str, found: Iterable[object]) -> Answer:
    """`name` is that of the table, `found` the first column; None counts for nothing.

    One value may be empty, as that of a recipient of whom nothing need be said.
    """
    where = f"table {name}"
    values: list[str] = []
    size = 0
    for value in found:
        if value is None:
            continue
        if isinstance(value, bytes):
            return Unsure(f"{where}: what it says is no text")
        values.append(str(value).strip())
        size += len(values[-1])
        if size > LARGEST or len(values) > MOST_ROWS:
            return Unsure(f"{where}: more than {MOST_ROWS} rows, or {LARGEST} characters")
    if not values:
        return Nothing()
    return Found(", ".join(filter(None, values)), where)


def cannot_be_asked(name: str, why: object) -> Unsure:
    """In one line, with the reason as the database has it."""
    return Unsure(
        f"table {name} cannot be asked: {' '.join(str(why).split()) or 'no reason given'}"
    )


@dataclass(frozen=True, slots=True)
class Lacking:
    """A table of whose type there can be none, and why."""

    name: str
    why: str

    def lookup(self, _: str) -> Answer:
        return cannot_be_asked(self.name, self.why)
