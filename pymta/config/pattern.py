"""Regular expressions in settings that meet what strangers wrote: only those that cannot run away.

A pattern that may match one text in very many ways takes time without end over a text made for
it, and nothing can stop it then.  So a repeat may stand in no repeat, nor may a choice; then the
ways are the product of those of each repeat, which is bounded here.  Almost every pattern that
people write is of this kind; for others there is policy in Python, with its time limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from math import log2
from re import _constants as op  # type: ignore[attr-defined]  # the only reader of patterns there is
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 500  # characters of a pattern
LONGEST_NAME = 320  # characters of what it meets: an address or a name
MOST_BITS = 25.0  # two to the power of these are the ways to match: half a second at worst
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_UNKNOWN = tuple(getattr(op, name, None) for name in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP"))


@cache
def parse_pattern(text: str, meets: int = LONGEST_NAME) -> re.Pattern[str]:
    """One for texts of so many characters at most; letter case does not count.

    Raises ValueError with the words for the operator.
    """
    return _parse(text, meets)[0]


def bits_of(text: str, meets: int = LONGEST_NAME) -> float:
    """The logarithm, to the base of two, of how long it takes at worst.  Raises ValueError."""
    return _parse(text, meets)[1]


def _parse(text: str, meets: int) -> tuple[re.Pattern[str], float]:
    if len(text) > LONGEST:
        raise ValueError(f"want a regular expression of at most {LONGEST} characters")
    try:
        pattern = re.compile(text, re.IGNORECASE)
        tree = parser.parse(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    anywhere = 0.0 if _begins(tree) else log2(meets)
    bits = anywhere + _Ways(meets).of(tree, is_inside=False)
    if bits > MOST_BITS:
        raise ValueError(
            "want a regular expression with fewer of * and + (what does not begin with ^ counts as"
            " one more), so that no text takes it long"
        )
    return pattern, bits


def _begins(tree: Any) -> bool:
    return bool(tree) and tree[0] in ((op.AT, op.AT_BEGINNING), (op.AT, op.AT_BEGINNING_STRING))


class _Ways:
    """In how many ways may a part match?  As a logarithm, so that they add up."""

    def __init__(self, meets: int) -> None:
        self._meets = meets

    def of(self, items: Iterable[Any], *, is_inside: bool) -> float:
        """`is_inside` a repeat."""
        return sum(self._one(code, what, is_inside=is_inside) for code, what in items)

    def _one(self, code: Any, what: Any, *, is_inside: bool) -> float:
        if code in _REPEATS:
            low, high, inner = what
            return self._repeat(low, high, inner, is_inside=is_inside)
        if code is op.GROUPREF or code is op.GROUPREF_EXISTS:
            raise ValueError("want a regular expression that does not refer to its own groups")
        if code in _UNKNOWN:
            raise ValueError("want a regular expression without possessive and atomic parts")
        if code is op.BRANCH:
            if is_inside:
                raise ValueError(
                    "want a regular expression without a choice (|) inside of a repeat"
                )
            ways = [self.of(branch, is_inside=False) for branch in what[1]]
            return max(ways) + log2(len(ways))
        if code is op.SUBPATTERN:
            return self.of(what[3], is_inside=is_inside)
        if code in (op.ASSERT, op.ASSERT_NOT):
            return self.of(what[1], is_inside=is_inside)
        return 0.0

    def _repeat(self, low: int, high: int, inner: Iterable[Any], *, is_inside: bool) -> float:
        if high == low:
            return high * self.of(inner, is_inside=is_inside)
        if is_inside:
            raise ValueError("want a regular expression without a repeat inside of a repeat")
        most = min(high, self._meets)
        return log2(max(most - low, 0) + 1) + self.of(inner, is_inside=high > 1)
