"""Set a message aside that cannot be read: out of the queue, into corrupt/, never dropped.

Touches: disk.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pymta.journal.event import Event
from pymta.journal.spool_events import set_aside as event_of
from pymta.spool.paths import corrupt_journal
from pymta.spool.places import Queued

Tell = Callable[[Event], None]


def set_aside(queued: Queued, why: str, tell: Tell) -> None:
    """Message first, journal after a sync: see `states`.  The caller holds the claim."""
    places, id = queued.places, queued.id
    try:
        places.disk.rename(queued.queue, id, places.corrupt, id)
    except FileNotFoundError:  # another process did it, and told
        return
    places.disk.sync(places.corrupt)
    places.disk.sync(queued.queue)
    with suppress(FileNotFoundError):
        places.disk.rename(places.journal, id, places.corrupt, corrupt_journal(id))
    tell(event_of(id, why))
