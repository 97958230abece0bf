"""The queue on the classic command line: -q, -bp, -bpc.

Touches: disk, clock, accounts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.cli.identity import become_owner, may_become_owner


def list_all(state: str, queue: str) -> int:
    """Every message of this queue, the oldest first."""
    # Loaded here: who counts or runs does not need it.
    from pymta.cli.listing import listed  # noqa: PLC0415
    from pymta.spool.files import FileSpool  # noqa: PLC0415

    become_owner(state)
    spool = FileSpool(Path(state, "spool"))
    now = time.time()
    for waiting in spool.waiting(queue):
        message = spool.peek(waiting.id)
        if message:  # it may have been delivered since
            sys.stdout.write(listed(message, now) + "\n")
    return 0


def count(state: str, queue: str) -> int:
    from pymta.spool.files import FileSpool  # noqa: PLC0415 - as above

    become_owner(state)
    number = sum(1 for _ in FileSpool(Path(state, "spool")).waiting(queue))
    sys.stdout.write(f"{number}\n")
    return 0


def run(state: str, selection: Selection, debug: tuple[str, ...]) -> int:
    """One pass, in this process or by the daemon; 0, or 1 when it could not be done."""
    if not may_become_owner(state):
        from pymta.cli.via_daemon import run_via_daemon  # noqa: PLC0415 - as above

        sys.stdout.write(run_via_daemon(state, selection) + "\n")
        return 0
    from pymta.cli import typed  # noqa: PLC0415 - as above
    from pymta.cli.served import served_settings  # noqa: PLC0415
    from pymta.journal.log import open_hand_log  # noqa: PLC0415
    from pymta.queue.main import main  # noqa: PLC0415

    become_owner(state)
    settings = served_settings(state)
    log = open_hand_log(settings, debug)
    log.write(typed.event())
    return 1 if main(settings, log, selection) else 0
