"""What the spool has to tell: only trouble, since arrivals and deliveries tell themselves."""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def set_aside(id: str, why: str) -> Event:
    """A message could not be read and waits in corrupt/ for the operator."""
    return Event(
        kind=Kind.SET_ASIDE,
        text=f"spool file cannot be read ({why}): kept as corrupt/{id} in the spool directory",
        queue_id=id,
        streams=MAIN_AND_PANIC,
    )
