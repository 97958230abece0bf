"""What an operator did to a message by hand."""

from __future__ import annotations

from pymta.journal.event import Event, Kind


def removed(id: str, user: str) -> Event:
    """Taken out of the queue undelivered, and nobody was told."""
    return Event(Kind.REMOVED, f"removed by {user}", queue_id=id, fields={"USER": user})


def completed(id: str) -> Event:
    """The classic end of every message's lines."""
    return Event(Kind.COMPLETED, "Completed", queue_id=id)
