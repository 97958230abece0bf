"""What an operator did by hand to a message, or a timer to what is left of others."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind


def removed(id: str, sender: str, user: str) -> Event:
    """Taken out of the queue undelivered, and nobody was told."""
    fields = {"SENDER": sender, "USER": user}
    return Event(Kind.REMOVED, f"removed by {user}", queue_id=id, fields=fields)


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
