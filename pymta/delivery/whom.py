"""Whom is an attempt for?  The rest of the recipients waits for a queue run.

    queue run                          everybody, or with -ql our own mailboxes alone
    new message                        not who is in queue_domains: nobody even routes those;
                                       who is in queue_smtp_domains is routed, so that what has no
                                       route is told at once, and is sent to by a queue run
    new message, SMTP to wait (-odqs)  the same, with every domain in queue_smtp_domains

To wait is no outcome: nothing is recorded, so the next queue run takes them.
"""

from __future__ import annotations

from pymta.channel.reach import Reach
from pymta.config.domain_list import domain_list
from pymta.config.settings import Settings


def is_left_whole(address: str, reach: Reach, settings: Settings) -> bool:
    """Leave this recipient alone altogether?"""
    if reach not in {Reach.NEW, Reach.NO_SMTP}:
        return False
    return _is_in(settings.immediate.queue_domains, address, settings)


def is_left_by_smtp(address: str, reach: Reach, settings: Settings) -> bool:
    """Leave this recipient, now that its route goes over SMTP?"""
    if reach is not Reach.NEW:
        return reach is Reach.NO_SMTP
    return _is_in(settings.immediate.queue_smtp_domains, address, settings)


def _is_in(domains: tuple[str, ...], address: str, settings: Settings) -> bool:
    """The bare postmaster is our own (RFC 5321 s4.5.1)."""
    if not domains:
        return False
    domain = address.rpartition("@")[2] if "@" in address else settings.hostname
    return domain in domain_list(domains, settings.hostname)
