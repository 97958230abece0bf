"""What an attempt needs of the world, handed in: so that a test can hand in another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.config.report_text import ReportText
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.delivery.redirect import KeyOf
from pymta.hints.waits import NO_WAITS, Waits
from pymta.journal.debug import Debug
from pymta.journal.event import Event
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.waiting import Crowded, TooFast
from pymta.retry.rules import Rules
from pymta.routing.route import Local, Remote, Route
from pymta.spool.store import Spool
from pymta.tables.table import Unsure as NoSecret
from pymta.transport import lmtp
from pymta.transport.hand import Hand
from pymta.transport.host_memory import HostMemory
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Talk
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Unsure

# Recipient, who has sent the message on to him, is it for the mailbox itself?
RouteOf = Callable[[str, Sequence[str], bool], Route]


class Throttle(Protocol):
    """See `pymta.transport.throttle`: may more go there now?"""

    def at_destination(self, name: str) -> AbstractContextManager[Crowded | TooFast | None]: ...

    def at_host(
        self, host: Host, destination: str
    ) -> AbstractContextManager[Crowded | TooFast | None]: ...

    def at_server(
        self, server: Host | LocalSocket
    ) -> AbstractContextManager[Crowded | TooFast | None]: ...

    def at_command(self, account: str) -> AbstractContextManager[Crowded | TooFast | None]: ...

    def look(self, name: str) -> Crowded | TooFast | None:
        """What would be said of a destination now, without taking anything."""
        ...


def usual_words(_action: str) -> ReportText | None:
    """Our own."""
    return None


@dataclass(frozen=True, slots=True)
class World:
    """`now` gives seconds since the epoch, `date` writes them as mail does, in local time.

    `new_routes` gives the router of one message, whose host an operator may have named (else
    ""), by its sender. `throttle` bounds what goes to one destination. `store` puts a message
    into a mailbox, see `pymta.transport.mailboxes`; `to_users` opens the way to system users,
    see `pymta.transport.to_local`. `terms_of` says on what terms a host is spoken to, given
    whether the sender does without what the receiving side asks for. `key_of` is equal for two
    ways to write one mailbox. `sender_of_ours` is as whom we send on what a sender wrote (SRS).
    `hand_on` tells the parent of a message that we wrote; it never waits, and an id that nobody
    heard is safe in the spool. `destination_of` is what the parent is told of a recipient.
    `gone` hears of a settled message that was put off before, or of which something is left to do.
    `words_of` are those of the operator for a report of this kind, None: ours.
    `force`: try whoever is not due, `thaw`: what is frozen, too. `is_over`: finish what has
    begun, begin nothing. `reach`: whom this attempt is for. `debug` is there when somebody
    watches.
    """

    settings: Settings
    spool: Spool
    rules: Rules
    memory: HostMemory
    throttle: Throttle
    new_routes: Callable[[str, str], RouteOf]
    store: Callable[[Local, Parcel], bool]
    to_users: Callable[[Parcel], AbstractContextManager[Hand]]
    key_of: KeyOf
    talk: Talk
    terms_of: Callable[[Remote, Host, bool], Terms | Unsure]
    talk_lmtp: lmtp.Talk
    tell: Callable[[Event], None]
    hand_on: Callable[[HandOn], object]
    destination_of: Callable[[str], str]
    now: Callable[[], float]
    date: Callable[[float], str]
    is_over: Callable[[], bool]
    sender_of_ours: Callable[[str], str | NoSecret] = str
    words_of: Callable[[str], ReportText | None] = usual_words
    waits: Waits = NO_WAITS
    gone: Callable[[str], object] = str
    debug: Debug | None = None
    force: bool = False
    thaw: bool = False
    reach: Reach = Reach.ALL
