"""What an operator did by hand to a message, or a timer to what is left of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def removed(id: str, sender: str, user: str) -> Event:
    """Taken out of the queue undelivered, and nobody was told."""
    fields = {"SENDER": sender, "USER": user}
    return Event(Kind.REMOVED, f"removed by {user}", queue_id=id, fields=fields)


def held(id: str, sender: str, user: str) -> Event:
    return _order(Kind.HELD, f"held by {user}", id, sender, user)


def released(id: str, sender: str, user: str) -> Event:
    return _order(Kind.RELEASED, f"released by {user}", id, sender, user)


def frozen(id: str, sender: str, user: str) -> Event:
    return _order(Kind.FROZEN, f"frozen by {user}", id, sender, user)


def thawed(id: str, sender: str, user: str) -> Event:
    return _order(Kind.THAWED, f"unfrozen by {user}", id, sender, user)


def given_up(id: str, sender: str, user: str, verb: str) -> Event:
    """`verb` is "cancelled" or "expired"; each recipient has a line of his own."""
    return _order(Kind.GIVEN_UP, f"{verb} by {user}", id, sender, user)


def rerouted(id: str, sender: str, host: str, user: str) -> Event:
    """`host` is "" when the message goes its usual way again."""
    text = f"rerouted to {host or 'its usual hosts'} by {user}"
    event = _order(Kind.REROUTED, text, id, sender, user)
    return replace(event, fields={**event.fields, "TO": host})


def recipient_added(id: str, recipient: str, user: str) -> Event:
    fields = {"RECIPIENT": recipient, "USER": user}
    return Event(Kind.EDITED, f"recipient <{recipient}> added by {user}", id, fields)


def recipient_removed(id: str, recipient: str, user: str) -> Event:
    """In the classic words, which say what follows from it."""
    fields = {"RECIPIENT": recipient, "USER": user}
    return Event(Kind.EDITED, f"address <{recipient}> marked delivered by {user}", id, fields)


def tidied(cleared: Mapping[str, int]) -> Event:
    """How many pieces were cleared away, and where."""
    where = ", ".join(f"{count} in {part}" for part, count in cleared.items() if count)
    fields = {"CLEARED": str(sum(cleared.values()))}
    return Event(Kind.TIDIED, f"tidied: {where}", fields=fields)


def untidy(part: str, why: str) -> Event:
    return Event(Kind.TROUBLE, f"tidy: {part}: {why}", streams=MAIN_AND_PANIC)


def damaged(messages: int, directory: str) -> Event:
    """Told again every day: who has sent them believes that they are on their way."""
    what = "1 damaged message waits" if messages == 1 else f"{messages} damaged messages wait"
    return Event(Kind.DAMAGED, f"{what} for you in {directory}", fields={"MESSAGES": str(messages)})


def _order(kind: Kind, text: str, id: str, sender: str, user: str) -> Event:
    return Event(kind, text, id, {"SENDER": sender, "USER": user})
