"""For which hosts a message waits, as far as an attempt could tell.

With this a queue run need not open a message to see that it would wait again, and may let messages
for one destination follow one another.  It is a hint like all others: where it is missing or does
not fit what the spool says, the message is opened, and its route is found afresh at each attempt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pymta.dataclass import dataclass

# Seconds past its time for which a message may stay unopened, because its hosts are left alone: its
# domain may have others by now, and only an attempt asks the DNS.
LONGEST_UNOPENED = 3600.0


@dataclass(frozen=True, slots=True)
class HostWait:
    """All that is left of message `id` is for `hosts` of `destination`; times in epoch seconds.

    `hosts` are keys of `pymta.hints.store`.  `due` is when the message is to be tried again: when
    the spool says otherwise, something has happened since, and this is void.  From `wake` on it
    must be tried whatever its hosts.  `generation` is that of the settings that led there.
    `until` is when the first of the hosts may be asked again, 0 where one of them may be now: the
    trouble was not theirs.
    """

    id: str
    destination: str
    hosts: tuple[str, ...]
    due: float
    wake: float
    generation: int = 0
    until: float = 0.0

    @property
    def void_from(self) -> float:
        """From then on, in seconds since the epoch, the message is opened whatever its hosts."""
        return min(self.wake, self.due + LONGEST_UNOPENED)


class Waits(Protocol):
    """No operation raises because of the store's own trouble."""

    def note(self, wait: HostWait) -> None: ...

    def forget(self, *ids: str) -> None: ...

    def get(self, id: str) -> HostWait | None: ...

    def known(self, generation: int) -> Iterator[HostWait]:
        """All of this generation."""
        ...


class _NoWaits:
    """A store that can tell nothing."""

    def note(self, wait: HostWait) -> None:
        pass

    def forget(self, *ids: str) -> None:
        pass

    def get(self, id: str) -> HostWait | None:  # noqa: ARG002
        return None

    def known(self, generation: int) -> Iterator[HostWait]:  # noqa: ARG002
        return iter(())


NO_WAITS = _NoWaits()


class MemoryWaits:
    """Known to this process alone, in `kept` by id."""

    def __init__(self) -> None:
        self.kept: dict[str, HostWait] = {}

    def note(self, wait: HostWait) -> None:
        self.kept[wait.id] = wait

    def forget(self, *ids: str) -> None:
        for id in ids:
            self.kept.pop(id, None)

    def get(self, id: str) -> HostWait | None:
        return self.kept.get(id)

    def known(self, generation: int) -> Iterator[HostWait]:
        """In the order of ids, as the listing of a queue is."""
        kept = [self.kept[id] for id in sorted(self.kept)]
        return iter([wait for wait in kept if wait.generation == generation])
