"""Parts of a classic line, as its selectors want them (N-39)."""

from __future__ import annotations

from pymta.config.duration import format_duration
from pymta.config.journal import Journal

PRECISE_BELOW = 5.0  # seconds
LONGEST_SUBJECT = 100  # characters, as the classic daemon has it

USUAL = Journal()  # the settings as they come


def elapsed(seconds: float, journal: Journal) -> str:
    """A time that something took: ``1m30s``, or with `millisec` ``0.304s`` while it is short."""
    seconds = max(0.0, seconds)  # the clock may have been set back meanwhile
    if "millisec" in journal.selected and seconds < PRECISE_BELOW:
        return f"{seconds:.3f}s"
    return format_duration(seconds)


def quoted(text: str) -> str:
    """In double quotes, with a backslash before those and before backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
