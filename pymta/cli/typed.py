"""What was typed, and where, for those who want that in the log (the selector `arguments`).

Touches: environment.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from pymta.config.launch import Launch
from pymta.journal import daemon_events
from pymta.journal.event import Event


def event() -> Event:
    return daemon_events.arguments(_directory(), sys.argv)


def noted(launch: Launch) -> Launch:
    """For the daemon, which tells it itself: only then there is a log."""
    return replace(launch, directory=_directory(), command=tuple(sys.argv))


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed under our feet
        return " (failed)"
