"""Lines about where passwords are looked up, for whoever has to mend it."""

from __future__ import annotations

from pymta.journal.event import MAIN, MAIN_AND_PANIC, Event, Kind


def trouble(what: str) -> Event:
    """Somebody, or everybody, cannot log in until it is mended."""
    return Event(Kind.LOGIN_TROUBLE, f"logins: {what}", streams=MAIN_AND_PANIC)


def remark(what: str) -> Event:
    """Logins work all the same."""
    return Event(Kind.REMARK, f"logins: {what}", streams=MAIN)
