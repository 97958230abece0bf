"""Parts of a classic line, as its selectors want them (N-39)."""

from __future__ import annotations

from collections.abc import Sequence

from pymta.config.duration import format_duration
from pymta.config.journal import Journal
from pymta.journal.event import Value

PRECISE_BELOW = 5.0  # seconds
LONGEST_SUBJECT = 100  # characters, as the classic daemon has it

MOST_RECIPIENTS = 100  # fields of that name; journald drops an entry of more than 1024 fields

USUAL = Journal()  # the settings as they come


def elapsed(seconds: float, journal: Journal) -> str:
    """A time that something took: ``1m30s``, or with `millisec` ``0.304s`` while it is short."""
    seconds = max(0.0, seconds)  # the clock may have been set back meanwhile
    if "millisec" in journal.selected and seconds < PRECISE_BELOW:
        return f"{seconds:.3f}s"
    return format_duration(seconds)


def recipients_fields(recipients: Sequence[str]) -> dict[str, Value]:
    """RECIPIENT for each, so that a search for one finds the line, whoever else is named.

    Where there are more than that, all of them stand in RECIPIENTS.
    """
    fields: dict[str, Value] = {"RECIPIENT": tuple(recipients[:MOST_RECIPIENTS])}
    if len(recipients) > MOST_RECIPIENTS:
        fields["RECIPIENTS"] = " ".join(recipients)
    return fields


def quoted(text: str) -> str:
    """In double quotes, with a backslash before those and before backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
