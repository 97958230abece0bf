"""Sessions with nobody real at the other end, before the first fork.

Python makes code fast while it runs, by writing into it, and much in a program is made at its first
use.  After a fork a page of memory that is written to is copied: every session process would do all
of that once more, in memory of its own.  So the parent goes through a few sessions first, and its
children find things as they will be.

What was made for one class of objects is made anew for another, so everything here is the real
thing, down to the client, who is a process of his own.  Nothing is heard from outside, looked up,
stored or logged.

Touches: processes, sockets, descriptors, clock.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from copy import copy
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

from pymta.channel.call import Call
from pymta.channel.life import close_all_but, live_and_leave
from pymta.channel.pair import make_pair
from pymta.channel.words import Serve
from pymta.config.policy_code import PolicySource
from pymta.journal.local_time import local_date
from pymta.mail.caller import Address, Endpoint
from pymta.resolver.answer import Answer, Mx, Nothing
from pymta.resolver.reverse import Hosts
from pymta.session.own_policy import PolicyFile
from pymta.session.sessions import Sessions
from pymta.session.termination import Termination
from pymta.session.worker import Worker
from pymta.session.world import World

SCRIPT = (b"EHLO rehearsal.invalid\r\n", b"MAIL FROM:<>\r\n", b"RSET\r\n", b"QUIT\r\n")
CALLER = Endpoint(ip_address("192.0.2.1"), 40_000)
OURS = Endpoint(ip_address("192.0.2.2"), 25)


def rehearse(sessions: Sessions, rounds: int) -> None:
    """So many sessions; afterwards everything is as before, but quicker.

    The spool is not touched.  Where there can be no other process for the client, it is left out.
    """
    quiet = _quiet(sessions)
    with ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(rounds)]
        ours, theirs = zip(*pairs, strict=True)
        for sock in (*ours, *theirs):
            stack.enter_context(sock)
        try:
            client = os.fork()
        except OSError:
            return
        if not client:
            live_and_leave(lambda: _be_client(theirs))
        for sock in theirs:
            sock.close()
        for sock in ours:
            _play(quiet, sock)
    with suppress(ChildProcessError):  # whoever started us ignores SIGCHLD, and so do we as yet
        os.waitpid(client, 0)


def _quiet(sessions: Sessions) -> Sessions:
    """The same, but cut off from the world and without code of the operator's."""
    quiet = copy(sessions)
    quiet.world = World(
        spool=sessions.world.spool,
        tell=lambda _: None,
        dns=_NoDns(),
        hosts=lambda: Hosts(""),
        is_ours=lambda _: False,
        ask_ident=lambda _caller, _local, _seconds: "",
        now=time.time,
        date=local_date,
    )
    settings = replace(sessions.settings, policy_source=PolicySource())
    quiet.policy_file = PolicyFile(settings, quiet.world.tell)
    return quiet


def _play(sessions: Sessions, sock: socket.socket) -> None:
    with ExitStack() as stack:
        _supervisor, channel = (stack.enter_context(closing(end)) for end in make_pair())
        bell = stack.enter_context(closing(Termination(*os.pipe2(os.O_CLOEXEC))))
        worker = Worker(sessions, channel, bell)
        worker.serve(Call(sock, Serve(CALLER, OURS, 0)))


def _be_client(socks: Sequence[socket.socket]) -> int:
    """Whoever hears a reply says the next line, and in the end hangs up."""
    close_all_but(sock.fileno() for sock in socks)
    for sock in socks:
        lines = iter(SCRIPT)
        while sock.recv(4096) and (line := next(lines, b"")):
            sock.send(line, socket.MSG_NOSIGNAL)
        sock.close()
    return 0


class _NoDns:
    """Knows nobody."""

    def names(self, _: Address) -> Answer[str]:
        return Nothing()

    def addresses(self, _: str) -> Answer[Address]:
        return Nothing()

    def mx(self, _: str) -> Answer[Mx]:
        return Nothing()

    def listed(self, names: Sequence[str], _: float) -> Mapping[str, Answer[IPv4Address]]:
        return dict.fromkeys(names, Nothing())

    def texts(self, _: str) -> Answer[str]:
        return Nothing()

    def start_budget(self, _: float) -> None:
        """It takes no time."""
