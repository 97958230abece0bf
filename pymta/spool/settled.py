"""Journals of settled messages: they go when the removal of their messages is on disk.

Who settles one message after another has them dropped for several at once, after one sync of the
queue for all of these, since that sync costs more than all the rest of a removal.  A stop in
between leaves them to the sweeper, and a power cut may bring their messages back, as it may those
that have no journal: see "Removing" in `pymta.spool.states`.

Touches: disk.
"""

from __future__ import annotations

from contextlib import suppress

from pymta.spool.places import Queued


class Settled:
    """Those whose journal is still there, never as many as `most`."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._left: list[Queued] = []

    def add(self, removed: Queued) -> bool:
        """Its message has just been unlinked; is something left?  Raises OSError, as the disk."""
        self._left.append(removed)
        if len(self._left) >= self._most:
            self.drop()
        return bool(self._left)

    def drop(self) -> None:
        """All of them; whom an error leaves behind, the sweeper takes."""
        left, self._left = self._left, []
        for queue, places in {one.queue: one.places for one in left}.items():
            places.disk.sync(queue)
        for one in left:
            with suppress(FileNotFoundError):
                one.places.disk.unlink(one.places.journal, one.id)
