"""Sessions with nobody at the other end, before the first fork.

Python makes code fast while it runs, by writing into it, and much in a program is made at its first
use.  After a fork a page of memory that is written to is copied: every session process would do all
of that once more, in memory of its own.  So the parent goes through a few sessions first, and its
children find things as they will be.

Nothing is heard from outside, looked up, stored or logged here.

Touches: sockets, clock.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from ipaddress import IPv4Address, ip_address

from pymta.channel.pair import End, make_pair
from pymta.config.settings import Settings
from pymta.mail.caller import Address, Endpoint
from pymta.resolver.answer import Answer, Mx, Nothing
from pymta.resolver.reverse import Hosts
from pymta.session.conversation import Conversation
from pymta.session.stop import Stop
from pymta.session.stream import Stream
from pymta.session.visit import Visit
from pymta.session.world import World
from pymta.spool.store import Spool

ROUNDS = 20  # Python takes pains with code that has run some eight times
SCRIPT = (b"EHLO rehearsal.invalid\r\n", b"MAIL FROM:<>\r\n", b"RSET\r\n", b"QUIT\r\n")
CALLER = Endpoint(ip_address("192.0.2.1"), 40_000)
OURS = Endpoint(ip_address("192.0.2.2"), 25)


def rehearse(settings: Settings, spool: Spool) -> None:
    """Afterwards everything is as before, but quicker.  The spool is not touched."""
    world = World(
        spool=spool,
        tell=lambda _: None,
        dns=_NoDns(),
        hosts=lambda: Hosts(""),
        is_ours=lambda _: False,
        ask_ident=lambda _caller, _local, _seconds: "",
        now=time.time,
        date=lambda _: "",
    )
    for _ in range(ROUNDS):
        _play(settings, world)


def _play(settings: Settings, world: World) -> None:
    with ExitStack() as stack:
        ours, client = (stack.enter_context(sock) for sock in socket.socketpair())
        quiet, _end = (stack.enter_context(closing(end)) for end in make_pair())
        conversation = Conversation(
            Visit(settings, CALLER, OURS), _Prompter(ours, quiet, client), world
        )
        conversation.run()
        conversation.part()


class _Prompter(Stream):
    """Whoever hears a reply of ours says the next line, and in the end hangs up."""

    def __init__(self, ours: socket.socket, quiet: End, client: socket.socket) -> None:
        super().__init__(ours, quiet, quiet)
        self._client = client
        self._lines = iter(SCRIPT)

    def write(self, data: bytes, deadline: float) -> Stop | None:
        stop = super().write(data, deadline)
        if line := next(self._lines, b""):
            self._client.send(line)
        else:
            self._client.close()
        return stop


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
