"""Deliveries to nobody, before the first fork: Python makes code fast while it runs, by writing.

After a fork a page of memory that is written to is copied, so every child would do that once more
in memory of its own; see `pymta.channel.heap`.  The parent goes through the work of a child itself,
with what is real: a connection, a request, a Maildir.  What only a user can do is left out: nobody
is looked up but root, whom every system has in its files (who started us has asked for the account
of pymta by then), and the parent becomes nobody.

The mailbox is a directory of ours that others cannot enter, in memory, so that to sync it costs
nothing.  Where none can be made the first deliveries are as they would be, only slower.

Touches: sockets, descriptors, signals, environment, accounts, disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from pymta.accounts.account import Account
from pymta.accounts.passwd import find
from pymta.config.deliver import Deliver
from pymta.local.asker import Asker
from pymta.local.desk import put_back_signals
from pymta.local.errand import is_awaited, objection_to, tell
from pymta.local.home import deliver
from pymta.local.identity import take_environment
from pymta.local.task import Errand
from pymta.transport.local_request import (
    LONGEST_ANSWER,
    TAKEN,
    Request,
    Stored,
    decode_answer,
    encode_request,
)

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the name is new and random, and mkdir takes no other
MESSAGE = b"Subject: rehearsal\n\n"
SENDER = "sender@rehearsal.invalid"
RECIPIENT = "root@rehearsal.invalid"
FILE = "1.rehearsal-0.pymta"


def rehearse(settings: Deliver, rounds: int, *, memory: Path = IN_MEMORY) -> int:
    """So many deliveries; nothing of them is left.  How many were stored.

    To be called before there is a `Desk`, whose signals it would take away.
    """
    environment = dict(os.environ)
    try:
        with _home(memory) as home:
            return sum(_play(home, settings) for _ in range(rounds))
    except OSError:  # no room, no descriptors: what comes for a user will say so
        return 0
    finally:
        os.environ.clear()
        os.environ.update(environment)


@contextmanager
def _home(memory: Path) -> Iterator[Path]:
    """Raises OSError."""
    home = memory / f"pymta-rehearsal-{os.urandom(16).hex()}"
    home.mkdir(0o700)
    try:
        yield home
    finally:
        shutil.rmtree(home)


def _play(home: Path, settings: Deliver) -> bool:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # as a desk does
    put_back_signals()
    with ours, closing(Asker(theirs)) as asker:
        _ask(ours)
        request = asker.request()
        assert request
        asker.say_taken()
        root = find("root")
        own = Account("root", os.geteuid(), os.getegid(), str(home))
        objection_to(root if isinstance(root, Account) else own, settings, is_alias=False)
        take_environment(own)
        is_wanted = partial(is_awaited, asker.sock)
        is_mbox = bool(settings.mail_spool_directory)
        here = replace(settings, mail_spool_directory=str(home) if is_mbox else "")
        tell(asker.sock, deliver(Errand(request, asker.message, own, here, is_wanted)))
        return (
            ours.recv(LONGEST_ANSWER) == TAKEN
            and decode_answer(ours.recv(LONGEST_ANSWER)) == Stored()
        )


def _ask(sock: socket.socket) -> None:
    """As a worker does."""
    message = os.memfd_create("pymta-rehearsal")
    try:
        os.write(message, MESSAGE)
        request = Request("root", FILE, len(MESSAGE), SENDER, RECIPIENT)
        socket.send_fds(sock, [encode_request(request)], [message])
    finally:
        os.close(message)
