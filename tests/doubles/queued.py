"""Messages that wait in the queue of a state directory.

Touches: disk, clock.
"""

from __future__ import annotations

import time
from pathlib import Path

from pymta.mail.envelope import Envelope, Recipient
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import Deferred
from pymta.spool.store import Seal


def put(
    state: Path,
    recipient: str = "user@localhost",
    *,
    sender: str = "boss@c.example",
    queue: str = "",
    due: float = 0,
) -> str:
    """The id of a new message; with `due` it has been put off until then (since the epoch)."""
    spool = FileSpool(state / "spool")
    now = time.time()
    intake = spool.begin(Envelope(sender, (Recipient(recipient),), now, queue_name=queue))
    intake.write(b"Subject: x\r\n\r\nbody\r\n")
    intake.commit(Seal())
    if due:
        claim = spool.claim(intake.id)
        assert claim
        claim.note(Deferred(now, (0,), due, "busy"))
        claim.release()
    spool.close()
    return intake.id


def waiting(state: Path, queue: str = "") -> list[str]:
    """The ids in a queue, the oldest first."""
    spool = FileSpool(state / "spool")
    ids = [message.id for message in spool.waiting(queue)]
    spool.close()
    return ids
