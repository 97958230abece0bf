"""Typed reading of one JSON object from a file that may be damaged.

Whatever the bytes are, the answer is a value of the asked type or ValueError; never another
exception, never a value that only looks right (``true`` is no number, NaN is none either).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

_READ = json.JSONDecoder().raw_decode
# What we write was made for it, so nobody need look whether it contains itself.
_WRITE = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def to_json(fields: Mapping[str, Any]) -> bytes:
    """One line of ASCII without its end; control characters and all non-ASCII are escaped."""
    return _WRITE(fields).encode("ascii")


class Fields:
    """The members of one JSON object, each asked for by name and type."""

    def __init__(self, found: Any) -> None:
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 (one kind of refusal)
        self._found = found

    @classmethod
    def parse(cls, text: bytes) -> Fields:
        whole = text.decode("ascii")
        try:
            found, end = _READ(whole)  # json.loads would look at the blanks around it as well
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if whole[end:].strip():
            raise ValueError("more than one JSON object")
        return cls(found)

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def text(self, key: str) -> str:
        value = self._found.get(key)
        if not isinstance(value, str):
            raise ValueError(f"{key} is no text")  # noqa: TRY004 (one kind of refusal)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        found = self._list(key)
        if not all(isinstance(item, str) for item in found):
            raise ValueError(f"{key} are no texts")
        return tuple(found)

    def whole(self, key: str) -> int:
        return _whole(self._found.get(key), key)

    def wholes(self, key: str) -> tuple[int, ...]:
        return tuple(_whole(item, key) for item in self._list(key))

    def number(self, key: str) -> float:
        value: Any = self._found.get(key)
        if type(value) not in {int, float} or not _is_finite(value):
            raise ValueError(f"{key} is no number")
        return float(value)

    def truth(self, key: str) -> bool:
        value = self._found.get(key)
        if not isinstance(value, bool):
            raise ValueError(f"{key} is neither true nor false")  # noqa: TRY004 (one kind of refusal)
        return value

    def inner(self, key: str) -> Fields:
        return Fields(self._found.get(key))

    def inners(self, key: str) -> tuple[Fields, ...]:
        return tuple(Fields(item) for item in self._list(key))

    def _list(self, key: str) -> list[Any]:
        value = self._found.get(key)
        if not isinstance(value, list):
            raise ValueError(f"{key} is no list")  # noqa: TRY004 (one kind of refusal)
        return value


def _whole(value: Any, key: str) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{key} is no count")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int too large for a float
        return False
