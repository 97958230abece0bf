"""Whose is a local part in one of our domains?

    a system user, where `local_users` has them     the home directory
    one of `local_parts`, or postmaster             a Maildir of ours
    nobody                                          "Unknown user"

Asked at RCPT and again at each attempt.  When nobody can tell who the system users are, nobody is
unknown: the answer waits.
"""

from __future__ import annotations

from pymta.accounts.account import Account, Find, Unsure, find_user
from pymta.config.settings import Settings
from pymta.mail.letters import small
from pymta.routing.route import Defer, Fail, Local, User

POSTMASTER = "postmaster"  # RFC 5321 s4.5.1: exists wherever mail is taken


def route_local(local_part: str, settings: Settings, find: Find) -> Local | User | Fail | Defer:
    """`local_part` has no quotes; `find` asks the system for an account."""
    if settings.routing.local_users:
        match find_user(local_part, find, settings.deliver.local_uid_min):
            case Account(name):
                return User(name)
            case Unsure(why):
                return Defer(f"user lookup did not complete: {why}", "4.3.0")
    return mailbox_for(local_part, settings.routing.local_parts)


def mailbox_for(local_part: str, mailboxes: tuple[str, ...]) -> Local | Fail:
    """The mailbox of a local part; letter case does not count."""
    wanted = small(local_part)
    if wanted == POSTMASTER:
        return Local(POSTMASTER)
    for mailbox in mailboxes:
        if mailbox == wanted:
            return Local(mailbox)
    return Fail("Unknown user", "5.1.1")
