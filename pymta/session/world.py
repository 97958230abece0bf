"""What a session needs of the world, handed in: so that a test can hand in another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymta.channel.words import HandOn
from pymta.journal.event import Event
from pymta.mail.caller import Address, Endpoint
from pymta.resolver.reverse import Hosts
from pymta.session.caller import Dns
from pymta.spool.store import Spool


@dataclass(frozen=True, slots=True)
class World:
    """`now` gives seconds since the epoch, `date` writes them as mail does, in local time.

    `dns`, `hosts` (the hosts file), `is_ours` and `ask_ident` find out about the client.
    `tell` writes to the log.  `hand_on` gives an id to the supervisor without waiting; whether it
    was heard makes no difference here, because an id that nobody heard is safe in the spool.
    """

    spool: Spool
    tell: Callable[[Event], None]
    hand_on: Callable[[HandOn], object]
    dns: Dns
    hosts: Callable[[], Hosts]
    is_ours: Callable[[Address], bool]
    ask_ident: Callable[[Endpoint, Endpoint, float], str]
    now: Callable[[], float]
    date: Callable[[float], str]
