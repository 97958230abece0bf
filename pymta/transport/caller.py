"""Calls hosts and talks to them, and keeps a connection open a moment for the next message to one.

A connection is used again by messages on the same terms: host, need of TLS, login.  How many go
over one, and how long one may lie idle, are settings; the host may set a smaller number (RFC 9422).
When the host has hung up meanwhile, or wants no more over this one, nothing of the message was lost
and it goes over a new connection.  A host may say 5xx too where it means only that this one had its
share, so what a used connection has against the message counts when a new one says the same.  One
over which something has come that nobody asked for is not used again: every reply after it would be
taken for another one's.

Touches: sockets, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from pymta.config.transport import Transport
from pymta.journal.event import Event
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.smtp.client_words import After, Refused, Result, Stage, Taken
from pymta.smtp.offers import Offers
from pymta.transport.classify import Later
from pymta.transport.dialogue import send
from pymta.transport.opened import Opened, Opener, Shut
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.terms import USUAL, Terms
from pymta.transport.trust import Trust
from pymta.transport.wire import Clock

MOST_IDLE = 10  # connections that one worker keeps open

_Key = tuple[str, Terms]


class Caller:
    """Its `talk` and `talk_lmtp` are what `remote.deliver` and `lmtp.deliver` want.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        settings: Transport,
        hostname: str,
        *,
        tell: Callable[[Event], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        trust = Trust(settings.remote_tls_certificates)
        self._opener = Opener(settings, hostname, trust, clock, tell)
        self._lasts = settings.connection_idle_timeout
        self._idle: dict[_Key, Opened] = {}  # who lies there longest comes first

    def talk(self, host: Host, parcel: Parcel, terms: Terms = USUAL) -> Heard | Later:
        key = (host.key, terms)
        self.close_idle()
        if kept := self._take(key):
            heard = self._send(kept, parcel, key)
            if not _is_spent(heard.results):
                return heard
            self._drop(key)
        match self._opener.open(host, terms, parcel.id):
            case Opened() as opened:
                return self._send(opened, parcel, key)
            case Shut() as shut:
                return _to_all(shut, parcel)
            case Later() as later:
                return later

    def talk_lmtp(self, server: Host | LocalSocket, parcel: Parcel) -> Heard | Later:
        """One message over one connection, in LMTP."""
        match self._opener.open_lmtp(server):
            case Opened() as opened:
                heard, after = send(opened, parcel, self._settings, is_lmtp=True)
                if after is After.CLOSE:
                    opened.wire.close()
                else:
                    opened.quit()
                return heard
            case Shut() as shut:
                return _to_all(shut, parcel)
            case Later() as later:
                return later

    def close_idle(self) -> float | None:
        """Those whose time is up; the seconds until the next one's is, None when none is left."""
        while self._idle:
            key, first = next(iter(self._idle.items()))
            left = first.idle_since + self._lasts - self._clock()
            if left > 0 and len(self._idle) <= MOST_IDLE:
                return left
            self._drop(key)
        return None

    def close(self) -> None:
        while self._idle:
            self._drop(next(iter(self._idle)))

    def _take(self, key: _Key) -> Opened | None:
        kept = self._idle.get(key)
        if kept and not kept.wire.is_quiet():
            self._drop(key)
        return self._idle.pop(key, None)

    def _drop(self, key: _Key) -> None:
        if opened := self._idle.pop(key, None):
            opened.quit()

    def _send(self, opened: Opened, parcel: Parcel, key: _Key) -> Heard:
        """Results are fewer than recipients where the host does not take so many at once."""
        if opened.sent == 1:
            opened.connection = replace(opened.connection, is_reused=True)
        some = portion(parcel.recipients, opened.offers)
        if some != parcel.recipients:
            parcel = replace(parcel, recipients=some)
        heard, after = send(opened, parcel, self._settings)
        opened.sent += 1
        self._keep(opened, after, key)
        return heard

    def _keep(self, opened: Opened, after: After, key: _Key) -> None:
        limits = (self._settings.connection_max_messages, opened.offers.mail_max)
        if after is After.CLOSE:
            opened.wire.close()
        elif any(0 < limit <= opened.sent for limit in limits) or not self._lasts:
            opened.quit()
        else:
            opened.is_to_reset = after is After.RESET
            opened.idle_since = self._clock()
            self._idle[key] = opened


def portion(recipients: tuple[str, ...], offers: Offers) -> tuple[str, ...]:
    """The first of them, as many as the host takes at once (RFC 9422 s4)."""
    some = recipients[: offers.rcpt_max or None]
    if not offers.rcpt_domain_max:
        return some
    domains: set[str] = set()
    for n, address in enumerate(some):
        domains.add(address.rpartition("@")[2].lower())
        if len(domains) > offers.rcpt_domain_max:
            return some[:n]
    return some


def _to_all(shut: Shut, parcel: Parcel) -> Heard:
    results = (shut.result,) * len(parcel.recipients)
    return Heard(results, shut.number, shut.error, shut.connection)


def _is_spent(results: tuple[Result, ...]) -> bool:
    """Was it the connection that would not take another message, and not the message?"""
    return all(map(_is_about_connection, results))


def _is_about_connection(result: Result) -> bool:
    match result:
        case Taken():
            return False
        case Refused(_, Stage.MAIL, after):
            return bool(after)
    return result.stage in {Stage.RSET, Stage.MAIL}
