"""Tables in settings: a value for each key that an operator names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def read_table(
    table: Mapping[Any, object], key: Callable[[str], str], entry: Callable[[object], T]
) -> dict[str, T]:
    """Keys and entries as the program has them.  ValueError names all that are wrong."""
    read: dict[str, T] = {}
    wrong: list[str] = []
    for name, value in table.items():
        try:
            known = key(name)
            read[known] = entry(value)
        except ValueError as error:
            wrong.append(f'in "{name}": {error}')
    if wrong:
        raise ValueError("; ".join(wrong))
    return read
