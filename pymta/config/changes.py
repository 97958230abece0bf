"""What is different in a generation of settings, as the log will tell it; see `difference`."""

from __future__ import annotations

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """`former` is the number of the generation before, 0 where there was none.

    `lines` are whole lines of the log; `options` are the names of what has changed.
    """

    former: int = 0
    lines: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
