"""What can be asked of a table, and what it may say.

Found       what stands there, and where
Nothing     it was asked, and has no such key
Unsure      nobody could be asked, or what was found cannot be trusted: wait
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """`where` says where it stands, as ``/etc/aliases:12``, or names the table.

    `file` and `line` (from 1) are where `value` begins, "" and 0 where that is no file of "key:
    value"; only such a file may name commands, files and lists.  `is_pattern`: the key is one of
    very many that the table has this for.
    """

    value: str
    where: str
    file: str = ""
    line: int = 0
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no such key."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """`why` is for the log, never for a client."""

    why: str


Answer = Found | Nothing | Unsure


class Table(Protocol):
    def lookup(self, key: str, /) -> Answer:
        """`key` is as `pymta.tables.text.key_of` makes them."""
        ...


class InOrder:
    """Several tables: the first one that has the key, or cannot be asked, answers."""

    def __init__(self, tables: Iterable[Table] = ()) -> None:
        self._tables = tuple(tables)

    def lookup(self, key: str) -> Answer:
        for table in self._tables:
            answer = table.lookup(key)
            if not isinstance(answer, Nothing):
                return answer
        return Nothing()


NO_TABLE = InOrder()
