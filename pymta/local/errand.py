"""One delivery, from the fork to the answer; everything of root's is left behind on the way.

The account is looked up here and not in the parent, because a directory server may hang.  A timer
ends the process when all this takes too long: nobody else could, since the helper may not signal a
process that has become a user.

Touches: processes, sockets, signals, clock.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from contextlib import suppress
from functools import partial

from pymta.accounts.account import ROOT, Account, NoAccount, Unsure, objection
from pymta.accounts.passwd import find
from pymta.config.deliver import Deliver
from pymta.config.groups import gid_of
from pymta.local.home import deliver, deliver_alias
from pymta.local.identity import become
from pymta.local.task import Errand
from pymta.transport.local_request import Answer, Deed, PutOff, Request, encode_answer

DONE = 0
IN_TIME = 0.9  # of the time limit: until then what has begun is undone, and the lock given back


def run(request: Request, message: int, asker: socket.socket, settings: Deliver) -> int:
    """The exit status.  `message` and `asker` are the only descriptors that are left to us."""
    signal.setitimer(signal.ITIMER_REAL, settings.home_timeout)
    began = time.monotonic()
    answer = _answer(request, message, asker, settings, began + settings.home_timeout * IN_TIME)
    tell(asker, answer)
    return DONE


def tell(asker: socket.socket, answer: Answer) -> None:
    """Whoever asked and has gone will ask again."""
    with suppress(OSError):
        asker.send(encode_answer(answer), socket.MSG_NOSIGNAL)


def is_awaited(asker: socket.socket) -> bool:
    """Does the worker still hold its end, and so its claim on the message?"""
    poll = select.poll()
    poll.register(asker, select.POLLRDHUP)
    return not poll.poll(0)


def objection_to(account: Account, settings: Deliver, *, is_alias: bool) -> str:
    """`alias_user` was chosen by root, and may be an account of programs without a home."""
    if is_alias:
        return "alias_user is root" if account.uid == ROOT else ""
    return objection(account, settings.local_uid_min)


def _answer(
    request: Request, message: int, asker: socket.socket, settings: Deliver, until: float
) -> Answer:
    is_alias = request.deed is Deed.ALIAS
    name = settings.alias_user if is_alias else request.account
    if not name:
        return PutOff(0, "aliases name addresses alone here (alias_user)")
    match find(name):
        case NoAccount():
            return PutOff(0, f"no account has the name {name}")
        case Unsure(why):
            return PutOff(0, why)
        case Account() as account:
            if why := objection_to(account, settings, is_alias=is_alias):
                return PutOff(0, why)
            try:
                group = _spool_group(request, settings)
            except ValueError as error:
                return PutOff(0, f"mail_spool_group: {error}")
            become(account, group)
            os.setsid()
            is_wanted = partial(is_awaited, asker)
            errand = Errand(
                request, message, account, settings, is_wanted, group=group, until=until
            )
            return deliver_alias(errand) if is_alias else deliver(errand)


def _spool_group(request: Request, settings: Deliver) -> int | None:
    """The number of the group for mailboxes in the spool directory; None: no other than his own.

    What the user has himself named is done without it.
    """
    is_for_mailbox = request.deed in {Deed.STORE, Deed.FORWARD}
    if not (is_for_mailbox and settings.mail_spool_directory and settings.mail_spool_group):
        return None
    gid = gid_of(settings.mail_spool_group)
    if gid == ROOT:
        raise ValueError("want another group than that of root")
    return gid
