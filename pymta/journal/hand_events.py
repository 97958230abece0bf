"""What an operator did to a message by hand."""

from __future__ import annotations

from pymta.journal.event import Event, Kind


def removed(id: str, sender: str, user: str) -> Event:
    """Taken out of the queue undelivered, and nobody was told."""
    fields = {"SENDER": sender, "USER": user}
    return Event(Kind.REMOVED, f"removed by {user}", queue_id=id, fields=fields)
