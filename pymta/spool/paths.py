"""Names below the spool directory.  Which file means what is in `pymta.spool.states`.

queue/, and each queue.NAME/ beside it, holds messages and nothing else, because systemd units ask
whether it is empty.
"""

from __future__ import annotations

INCOMING = "incoming"
QUEUE = "queue"
NAMED_QUEUE = "queue."  # and its name
JOURNAL = "journal"
CORRUPT = "corrupt"

HOST = "host"  # the random number that this spool puts into its message ids


def corrupt_journal(id: str) -> str:
    """The name, in corrupt/, of the journal of a message that was set aside."""
    return f"{id}.journal"
