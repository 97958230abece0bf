"""The queue on the classic command line: -q, -bp…, -bpc.

Touches: disk, clock, accounts.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from pymta.channel.selection import Selection
from pymta.cli.classic_line import ListQueue
from pymta.cli.identity import become_owner, may_become_owner


def list_all(state: str, wanted: ListQueue) -> int:
    """Every message of this queue, the oldest first; one that is damaged does not hide others."""
    # Loaded here: who counts or runs does not need it.
    from pymta.cli.listing import listed  # noqa: PLC0415
    from pymta.spool.files import FileSpool  # noqa: PLC0415
    from pymta.spool.store import SpoolError  # noqa: PLC0415

    def tell(error: SpoolError) -> None:
        sys.stderr.write(f"pymta: {error.strerror}\n")

    become_owner(state)
    spool = FileSpool(Path(state, "spool"))
    now = time.time()
    if wanted.ids_only:
        sys.stdout.writelines(f"{id}\n" for id in spool.ids(wanted.queue))
        return 0
    for message in spool.glances(wanted.queue, tell):
        sys.stdout.write(listed(message, now, shows_settled=wanted.shows_settled) + "\n")
    return 0


def count(state: str, queue: str) -> int:
    from pymta.spool.files import FileSpool  # noqa: PLC0415 - as above

    become_owner(state)
    number = len(FileSpool(Path(state, "spool")).ids(queue))
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
    selections = _by_queue(state, selection) if selection.ids else [selection]
    return 1 if main(settings, log, *selections) else 0


def _by_queue(state: str, selection: Selection) -> list[Selection]:
    """The messages that were named, by the queues that they are in.  Raises CommandError."""
    from pymta.cli.command_error import CommandError  # noqa: PLC0415
    from pymta.spool.files import FileSpool  # noqa: PLC0415

    spool = FileSpool(Path(state, "spool"))
    found: dict[str, list[str]] = {}
    for id in selection.ids:
        message = spool.peek(id)
        if message:
            found.setdefault(message.envelope.queue_name, []).append(id)
        else:
            sys.stderr.write(f"pymta: message {id} does not exist\n")
    if not found:
        raise CommandError("there is nothing to deliver", 1)
    return [replace(selection, queue=queue, ids=tuple(ids)) for queue, ids in found.items()]
