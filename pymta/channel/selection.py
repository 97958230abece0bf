"""Which messages a queue run is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """`force` takes messages before their time, frozen ones too; `first_only` only those that
    nobody has tried; `ids`, unless empty, only these.  `by` says who asked, for the log.
    """

    force: bool = False
    first_only: bool = False
    ids: tuple[str, ...] = ()
    by: str = "hand"

    @property
    def flags(self) -> str:
        """The classic option that asks for such a run, as the log quotes it; "" for a plain one."""
        letters = ("i" if self.first_only else "") + ("ff" if self.force else "")
        return f"-q{letters}" if letters else ""
