"""What the log hears of one session beside its mail: how it went, and how it ended.

Most of these lines are written only for an operator who asked for them, so they are not even made
while their selector is off.

Touches: clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pymta.journal import session_events as say
from pymta.journal.event import Event
from pymta.session.history import History
from pymta.session.visit import Visit

_ABOUT_CONNECTIONS = frozenset({"smtp_connection", "smtp_no_mail"})  # N-30


class Chronicle:
    """One session's.  `was_refused`: at its start, which has been told by then (SS-01)."""

    def __init__(self, visit: Visit, tell: Callable[[Event], None]) -> None:
        self._visit = visit
        self._tell = tell
        self._history = History()
        self.heard = self._history.heard
        self._began = time.monotonic()
        self.was_refused = False

    @property
    def _selected(self) -> frozenset[str]:
        """Asked each time: who the client is may turn out late (N-13)."""
        selected = self._visit.settings.journal.selected
        return selected - _ABOUT_CONNECTIONS if self._visit.is_quiet else selected

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self._began

    def tell(self, event: Event) -> None:
        if not event.selector or event.selector in self._selected or len(event.streams) > 1:
            self._tell(event)

    def fault(self, line: str, why: str, *, is_syntax: bool) -> None:
        """SS-05 counts it; here it is told."""
        if f"smtp_{'syntax' if is_syntax else 'protocol'}_error" in self._selected:
            self.tell(say.fault(self._visit.origin, line, why, is_syntax=is_syntax))

    def incomplete(self, cause: str) -> None:
        """A transaction is under way and will come to nothing (SS-04)."""
        if "smtp_incomplete_transaction" in self._selected:
            transaction = self._visit.transaction
            names = (recipient.address for recipient in transaction.recipients.values())
            self.tell(say.incomplete(self._visit.origin, cause, transaction.sender, names))

    def closed_by_quit(self) -> None:
        if say.CONNECTION in self._selected:
            self.tell(say.closed_by_quit(self._visit.origin, self.seconds))

    def end(self) -> None:
        """N-06, N-30: the last line of a session that brought no mail."""
        if "smtp_no_mail" in self._selected and not (self.was_refused or self._history.has_mail):
            self.tell(say.no_mail(self._visit.origin, self.seconds, self._history.text))
