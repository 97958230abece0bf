"""Deliver this message at once, or leave it to the queue runs (ID-01)?

The answer to the second question lasts: a session that began while too many others were open, or
has sent more than its share, has everything it still sends queued.
"""

from __future__ import annotations

from pymta.config.settings import Settings


def reason_to_queue(others: int, accepted: int, settings: Settings) -> str | None:
    """None: deliver now.  "" is a reason without a line in the log (ID-05).

    `others` were the connections open when this one began (CP-06); `accepted` counts the messages
    of this connection, this one included.
    """
    most = settings.limits.smtp_accept_queue
    if most and others >= most:
        return f"too many connections ({others + 1}, max {most})"  # ID-02, N-05: with this one
    if settings.session.queue_only:
        return ""
    limit = settings.session.smtp_accept_queue_per_connection
    if limit and accepted > limit:
        return f"more than {limit} messages received in one connection"  # ID-03
    return None
