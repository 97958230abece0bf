"""Clear what stopped processes left, as `states` allows: by state and age, never by guess.

Touches: disk.
"""

from __future__ import annotations

from contextlib import suppress

from pymta.mail.message_id import is_id
from pymta.spool.paths import corrupt_journal
from pymta.spool.places import Places
from pymta.spool.states import is_stale


def sweep(places: Places, now: float) -> int:
    """How many files were cleared away.  Names that are no ids are not ours to touch."""
    return _sweep_incoming(places, now) + _sweep_journals(places)


def _sweep_incoming(places: Places, now: float) -> int:
    swept = 0
    for id in filter(is_id, places.disk.names(places.incoming)):
        facts = places.disk.look(places.incoming, id)
        if facts is not None and is_stale(facts.changed, now):
            with suppress(FileNotFoundError):
                places.disk.unlink(places.incoming, id)
                swept += 1
    return swept


def _sweep_journals(places: Places) -> int:
    orphans = [
        id
        for id in filter(is_id, places.disk.names(places.journal))
        if places.queues.find(id) is None
    ]
    if not orphans:
        return 0
    # The removal of a message may not be on disk yet.  If it came back without its journal, all
    # its recipients would get it again.
    places.queues.sync_all()
    for id in orphans:
        with suppress(FileNotFoundError):
            if places.disk.look(places.corrupt, id):
                places.disk.rename(places.journal, id, places.corrupt, corrupt_journal(id))
            else:
                places.disk.unlink(places.journal, id)
    return len(orphans)
