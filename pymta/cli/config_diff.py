"""`pymta config diff`: how a difference is shown, and what only the running daemon knows.

Touches: sockets, disk.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pymta.cli.ask_daemon import ask_daemon
from pymta.cli.command_error import CommandError
from pymta.config.difference import Change
from pymta.config.settings import Settings

DIFFERENT = 1  # exit code, as that of diff(1)
PATIENCE = 5.0  # seconds


def as_text(changes: Sequence[Change]) -> str:
    """A line for each."""
    return "\n".join(change.text for change in changes) or "no difference"


def as_json(serving: Settings, changes: Sequence[Change]) -> str:
    """`before` and `after` as the program holds them: times in seconds, sizes in bytes."""
    told = [
        {"option": change.option, "before": change.before, "after": change.after}
        for change in changes
    ]
    return json.dumps({"generation": serving.generation, "changes": told}, indent=2)


def listeners_of(serving: Settings) -> list[tuple[str, int]]:
    """Role and port of each socket that systemd handed to the daemon; [] where none answers us.

    Without them the files are checked as for a daemon that binds its own.
    """
    if not serving.machine.is_handed_sockets:
        return []
    directory = serving.machine.runtime_directory
    try:
        report = ask_daemon(directory, "status-json", wait=PATIENCE, failure=1)
    except CommandError:
        return []
    found = json.loads(report)
    local = ((one["role"], 0) for one in found.get("local_listeners", ()))
    return [*((one["role"], one["port"]) for one in found["listeners"]), *local]
