"""Lines for whoever wants to watch a process at work (DB-01, ST-11).

They go to standard error, each with the pid in five columns in front, or, where journald reads
that, to the journal as entries of priority debug (section 3.4).  Who has a line to say asks first
whether anybody wants it, so that nothing is even put together while nobody does:

    if debug := log.debug:
        debug(f"Connection request from {address} port {port}")

No line has anything of a message but its envelope, nor what a client says to prove who it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from pymta.journal.event import Event, Kind, Severity


class Debug:
    """`tell` gets the lines of no category, and those of `categories`."""

    def __init__(self, categories: Collection[str], tell: Callable[[Event], object]) -> None:
        self._categories = frozenset(categories)
        self._tell = tell

    def __call__(self, text: str, category: str = "", **fields: str) -> None:
        """`fields` are for the journal, such as CLIENT or QUEUE_ID."""
        if category and category not in self._categories:
            return
        event = Event(Kind.DEBUG, text, fields=fields, streams=(), severity=Severity.DEBUG)
        self._tell(event)
