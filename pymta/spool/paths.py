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

FORMAT = "format"  # the number of a newer format; where it is missing, the one of this pymta
HOST = "host"  # the random number that this spool puts into its message ids
LISTING = "listing"  # what the last listing of the queue has seen


def directories(top: str) -> tuple[str, ...]:
    """What every spool has, itself first; messages move between them, so they share a disk."""
    return (top, *(f"{top}/{name}" for name in (INCOMING, QUEUE, JOURNAL, CORRUPT)))


def stamp(top: str) -> str:
    """The file that is there as soon as a spool was opened for the first time."""
    return f"{top}/{HOST}"


def listing_of(queue: str) -> str:
    """The name of what the last listing of this queue has left."""
    return f"{LISTING}.{queue}" if queue else LISTING


def corrupt_journal(id: str) -> str:
    """The name, in corrupt/, of the journal of a message that was set aside."""
    return f"{id}.journal"
