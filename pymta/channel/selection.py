"""Which messages a queue run is for."""

from __future__ import annotations

from pymta.channel.reach import Reach
from pymta.config.run_word import RunWord
from pymta.dataclass import dataclass
from pymta.mail.envelope import DEFAULT_QUEUE


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages of `queue`.  `force` takes them before their time, `thaw` frozen ones as well;
    `first_only` only those that nobody has tried; `ids`, unless empty, only these; `first_id` and
    `last_id`, unless "", only those from one to the other in the order of arrival.

    `recipients` and `senders`, unless empty, are texts that an address still to be delivered, or
    the sender, must contain, or regular expressions that must be found in it.  `local_only` leaves
    remote recipients alone; `two_stage` serves all local ones before the first remote one.
    `is_new`: it stands in for deliveries at once, and leaves alone whom those do.  `by` says who
    asked, for the log; `interval` is the time between two runs of the daemon's own clock, in
    seconds, 0 for a run that no clock has started.  With `stands_in` it takes the place of the
    timer, whose unit does not start over an empty queue.  `everywhere`: every queue has its turn.
    """

    queue: str = DEFAULT_QUEUE
    force: bool = False
    thaw: bool = False
    first_only: bool = False
    local_only: bool = False
    two_stage: bool = False
    is_new: bool = False
    ids: tuple[str, ...] = ()
    first_id: str = ""
    last_id: str = ""
    recipients: str = ""
    recipients_are_pattern: bool = False
    senders: str = ""
    senders_are_pattern: bool = False
    by: str = "hand"
    interval: int = 0
    stands_in: bool = False
    everywhere: bool = False

    @property
    def reach(self) -> Reach:
        """Whom its attempts are for."""
        if self.local_only:
            return Reach.LOCAL
        return Reach.NEW if self.is_new else Reach.ALL

    @property
    def is_whole(self) -> bool:
        """Does the run come to everything that is due in its queue?"""
        return not (
            self.first_only
            or self.local_only
            or self.is_new
            or self.ids
            or self.first_id
            or self.last_id
            or self.recipients
            or self.senders
        )

    @property
    def letters(self) -> str:
        """The flags in classic letters, in the order of QR-06."""
        force = "ff" if self.thaw else "f"
        return (
            ("q" if self.two_stage else "")
            + ("i" if self.first_only else "")
            + (force if self.force else "")
            + ("l" if self.local_only else "")
        )

    @property
    def word(self) -> str:
        """The classic word for flags and queue, as `pymta.config.run_word` reads it."""
        return f"-q{self.letters}" + (f"G{self.queue}" if self.queue else "")

    @property
    def flags(self) -> str:
        """The classic options that ask for such a run, as the log quotes them; "" for a plain one.

        The queue is not among them: a log line names it elsewhere.
        """
        recipients = "-Rr" if self.recipients_are_pattern else "-R"
        senders = "-Sr" if self.senders_are_pattern else "-S"
        parts = (
            f"-q{self.letters}" if self.letters else "",
            f"{recipients} {self.recipients}" if self.recipients else "",
            f"{senders} {self.senders}" if self.senders else "",
        )
        return " ".join(part for part in parts if part)


def asked_by(word: RunWord, by: str) -> Selection:
    """What a word asks for, on behalf of `by`."""
    return Selection(
        queue=word.queue,
        force=word.force,
        thaw=word.thaw,
        first_only=word.first_only,
        local_only=word.local_only,
        two_stage=word.two_stage,
        by=by,
    )
