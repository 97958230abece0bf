"""Which name did the operator mean?"""

from __future__ import annotations

from collections.abc import Iterable

LIKENESS = 0.7  # from 0 to 1


def similar(name: str, known: Iterable[str], likeness: float = LIKENESS) -> str:
    """The nearest of `known`, "" when none is near."""
    # Only for who reads settings and finds a mistake: the names themselves every process knows.
    from difflib import get_close_matches  # noqa: PLC0415

    return next(iter(get_close_matches(name, list(known), n=1, cutoff=likeness)), "")
