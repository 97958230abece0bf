"""Deliver this message at once, or leave it to the queue runs (ID-01)?

The answer to the second question lasts: once a session has sent more than its share, everything
it still sends is queued.
"""

from __future__ import annotations

from pymta.config.session import Session


def reason_to_queue(accepted: int, settings: Session) -> str | None:
    """None: deliver now.  "" is a reason without a line in the log (ID-05).

    `accepted` counts the messages of this connection, this one included.
    """
    if settings.queue_only:
        return ""
    limit = settings.smtp_accept_queue_per_connection
    if limit and accepted > limit:
        return f"more than {limit} messages received in one connection"  # ID-03
    return None
