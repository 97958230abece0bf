"""Whom an attempt is for; a module of its own, because small commands need no more than this."""

from __future__ import annotations

from enum import StrEnum


class Reach(StrEnum):
    """Of those who are due; the value is what a packet says.

    A new message leaves to the queue runs whom the settings say (queue_domains and
    queue_smtp_domains); after NO_SMTP everybody who is sent to over SMTP.
    """

    NEW = "N"
    NO_SMTP = "S"
    LOCAL = "L"  # only mailboxes of ours: the others are not even routed (-ql)
    ALL = "A"
