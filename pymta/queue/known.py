"""What hints say of the messages of a run: which of them wait for the same hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pymta.hints.waits import HostWait
from pymta.queue.feed import Group
from pymta.spool.store import Waiting

ROUNDING = 1.0  # seconds; a spool may round the time of a message


class Known:
    """Fills `groups` while the listing goes by, for those messages that are due.

    `most` says how many messages for a destination may be under way at once.
    """

    def __init__(self, known: Iterable[HostWait], most: Callable[[str], int]) -> None:
        """`known` in the order of ids, as the listing is."""
        self._known = iter(known)
        self._most = most
        self._by_way: dict[tuple[str, tuple[str, ...]], Group] = {}
        self.groups: dict[str, Group] = {}

    def seen(self, listing: Iterable[Waiting], latest: float, now: float) -> Iterator[Waiting]:
        """The listing as it is; `latest` is the time up to which messages are due."""
        wait = next(self._known, None)
        for message in listing:
            while wait and wait.id < message.id:
                wait = next(self._known, None)
            if (
                wait
                and wait.id == message.id
                and message.due <= latest
                and abs(wait.due - message.due) < ROUNDING  # nothing was recorded since
                and now < wait.void_from
            ):
                self.groups[message.id] = self._group(wait)
            yield message

    def _group(self, wait: HostWait) -> Group:
        way = (wait.destination, wait.hosts)
        if way not in self._by_way:
            self._by_way[way] = Group(*way, most=self._most(wait.destination))
        return self._by_way[way]
