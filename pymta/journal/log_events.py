"""What the log has to tell of itself."""

from __future__ import annotations

from pymta.journal.event import MAIN_AND_PANIC, Event, Kind, Severity


def lines_lost(count: int) -> Event:
    """No sink took them; they are told as soon as one takes lines again."""
    noun = "line was" if count == 1 else "lines were"
    text = f"{count} log {noun} lost: nobody took them in time (is journald stuck, the disk full?)"
    return _failure(Kind.LOG_LOST, text, LOST=str(count))


def cannot_be_written(trouble: str) -> Event:
    text = f"log cannot be written: {trouble}: lines go elsewhere until it can"
    return _failure(Kind.LOG_FAILED, text)


def can_be_written_again() -> Event:
    text = "log can be written again: lines before this one went elsewhere"
    return _failure(Kind.LOG_FAILED, text)


def _failure(kind: Kind, text: str, **fields: str) -> Event:
    severity = Severity.LOG_FAILURE
    return Event(kind, text, fields=fields, streams=MAIN_AND_PANIC, severity=severity)
