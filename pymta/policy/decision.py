"""What settings have decided, for whoever wants to know why: a fake session explains itself by it.

Wherever a session asks its settings a question of which an operator might want to know the answer,
it tells of it in passing.  Nobody listens in a session with a real client.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """`setting` is an option, or the table that a rule stands in, and `outcome` says in words what
    came of it.  `item` leads to what decided: keys of tables, numbers of items.  Where it is empty
    no item did.
    """

    setting: str
    outcome: str
    item: tuple[str | int, ...] = ()


Explain = Callable[[Decision], object]


def nobody_asks(_: Decision) -> None:
    """The usual case."""
