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
from pymta.local.home import Errand, deliver
from pymta.local.identity import become
from pymta.transport.local_request import Answer, PutOff, Request, encode_answer

DONE = 0
IN_TIME = 0.9  # of the time limit: until then what has begun is undone, and the lock given back


def run(request: Request, message: int, asker: socket.socket, settings: Deliver) -> int:
    """The exit status.  `message` and `asker` are the only descriptors that are left to us."""
    signal.setitimer(signal.ITIMER_REAL, settings.home_timeout)
    began = time.monotonic()
    answer = _answer(request, message, asker, settings, began + settings.home_timeout * IN_TIME)
    with suppress(OSError):  # whoever asked has gone; he will ask again
        asker.send(encode_answer(answer), socket.MSG_NOSIGNAL)
    return DONE


def _answer(
    request: Request, message: int, asker: socket.socket, settings: Deliver, until: float
) -> Answer:
    match find(request.account):
        case NoAccount():
            return PutOff(0, f"no account has the name {request.account}")
        case Unsure(why):
            return PutOff(0, why)
        case Account() as account:
            if why := objection(account, settings.local_uid_min):
                return PutOff(0, why)
            try:
                group = _spool_group(settings)
            except ValueError as error:
                return PutOff(0, f"mail_spool_group: {error}")
            become(account, group)
            os.setsid()
            is_wanted = partial(_waits, asker)
            return deliver(
                Errand(request, message, account, settings, is_wanted, group=group, until=until)
            )


def _spool_group(settings: Deliver) -> int | None:
    """The number of the group for mailboxes in the spool directory; None: no other than his own."""
    if not (settings.mail_spool_directory and settings.mail_spool_group):
        return None
    gid = gid_of(settings.mail_spool_group)
    if gid == ROOT:
        raise ValueError("want another group than that of root")
    return gid


def _waits(asker: socket.socket) -> bool:
    """Does the worker still hold its end, and so its claim on the message?"""
    poll = select.poll()
    poll.register(asker, select.POLLRDHUP)
    return not poll.poll(0)
