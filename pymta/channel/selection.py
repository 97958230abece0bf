"""Which messages a queue run is for."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.channel.reach import Reach


@dataclass(frozen=True, slots=True)
class Selection:
    """`force` takes messages before their time, `thaw` frozen ones as well; `first_only` only those
    that nobody has tried; `ids`, unless empty, only these.

    `recipients` and `senders`, unless empty, are texts that an address still to be delivered, or
    the sender, must contain.  `local_only` leaves remote recipients alone; `two_stage` serves all
    local ones before the first remote one.  `is_new`: it stands in for deliveries at once, and
    leaves alone whom those do.  `by` says who asked, for the log.
    """

    force: bool = False
    thaw: bool = False
    first_only: bool = False
    local_only: bool = False
    two_stage: bool = False
    is_new: bool = False
    ids: tuple[str, ...] = ()
    recipients: str = ""
    senders: str = ""
    by: str = "hand"

    @property
    def reach(self) -> Reach:
        """Whom its attempts are for."""
        if self.local_only:
            return Reach.LOCAL
        return Reach.NEW if self.is_new else Reach.ALL

    @property
    def flags(self) -> str:
        """The classic options that ask for such a run, as the log quotes them; "" for a plain one.

        The order of the letters is that of QR-06.
        """
        force = "ff" if self.thaw else "f"
        letters = (
            ("q" if self.two_stage else "")
            + ("i" if self.first_only else "")
            + (force if self.force else "")
            + ("l" if self.local_only else "")
        )
        parts = (
            f"-q{letters}" if letters else "",
            f"-R {self.recipients}" if self.recipients else "",
            f"-S {self.senders}" if self.senders else "",
        )
        return " ".join(part for part in parts if part)
