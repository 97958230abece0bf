"""Queue runs and deliveries by the daemon, for those who may ask for them but not touch the queue.

The queue belongs to one user.  A member of an admin group is not that user, so the daemon does it
for him, and judges once more whether he may.

Touches: sockets, disk.
"""

from __future__ import annotations

import os
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.cli.ask_daemon import ask_daemon, runtime_directory
from pymta.cli.command_error import CommandError
from pymta.cli.places import daemon_places

PATIENCE = 30.0  # seconds


def run_via_daemon(state: str, selection: Selection) -> str:
    """What the daemon says.  Raises CommandError when it does not do it, or there is none."""
    is_usual = state == daemon_places(os.environ).state
    directory = runtime_directory(None if is_usual else Path(state))
    if selection.recipients or selection.senders:
        text = "messages are selected by address for root and the owner of the queue only"
        raise CommandError(text, os.EX_NOPERM)
    if selection.first_id or selection.last_id:
        raise CommandError("the daemon takes no range of ids", os.EX_NOPERM)
    if not selection.ids:
        return _ask(directory, f"run {selection.word}")
    for id in selection.ids:
        _ask(directory, f"deliver {id}")
    return "the daemon delivers " + ("it" if len(selection.ids) == 1 else "them")


def _ask(directory: str, request: str) -> str:
    return ask_daemon(directory, request, wait=PATIENCE, failure=os.EX_TEMPFAIL)
