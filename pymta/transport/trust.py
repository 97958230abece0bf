"""The handshake with a host, and what its certificate must prove.

With DANE it is judged by TLSA records when it is there.  Whether it was signed, by way of others,
by one that a record means, only OpenSSL tells, in a handshake that trusts nobody else; so there is
a second one then, over another connection (`SecondHandshakeError`).

Touches: OpenSSL, disk.
"""

from __future__ import annotations

import ssl

from pymta.mail.host import Host
from pymta.tls import dane
from pymta.tls.client import (
    BY_AUTHORITY,
    BY_DANE,
    NO_PROOF,
    chain,
    check_names,
    client_context,
    facts_of,
    shown,
)
from pymta.tls.facts import Facts
from pymta.tls.trouble import TlsError
from pymta.transport.tls_need import Level, Need
from pymta.transport.wire import Wire

MOST_CONTEXTS = 50  # a certificate of ours that was renewed leaves one behind


class SecondHandshakeError(TlsError):
    """One of these certificates, in DER form, must have signed that of the host."""

    def __init__(self, anchors: tuple[bytes, ...]) -> None:
        super().__init__("its certificate has to be judged in another handshake")
        self.anchors = anchors


class Trust:
    """`authorities` vouch for hosts that must prove their name: a file, or
    `pymta.tls.asks.SYSTEM`.  A file is read when the first of them is called.
    """

    def __init__(self, authorities: str) -> None:
        self._authorities = authorities
        self._contexts: dict[tuple[str, bytes], ssl.SSLContext] = {}

    def secure(
        self,
        wire: Wire,
        host: Host,
        need: Need,
        patience: float,
        *,
        anchors: tuple[bytes, ...] = (),
        own: bytes = b"",
    ) -> Facts:
        """`patience` is in seconds; `anchors` come from the first handshake; `own` is shown to a
        host that asks for a certificate (`pymta.tls.credentials`).

        Raises TlsError, OSError.
        """
        names = need.names or (host.name,)
        match need.level:
            case Level.VERIFIED:
                tls = wire.secure(self._context(self._authorities, own), host.name, patience)
                check_names(shown(tls), names)
                return facts_of(tls, BY_AUTHORITY)
            case Level.DANE if anchors:
                tls = wire.secure(client_context(anchors=anchors, own=own), names[0], patience)
                check_names(shown(tls), names)
                return facts_of(tls, BY_DANE)
            case Level.DANE:
                # RFC 7672 s8.1: the name of which the records are.
                tls = wire.secure(self._context("", own), names[0], patience)
                _judge(tls, need)
                return facts_of(tls, BY_DANE)
        return facts_of(wire.secure(self._context("", own), host.name, patience), NO_PROOF)

    def _context(self, authorities: str, own: bytes) -> ssl.SSLContext:
        key = (authorities, own)
        if key not in self._contexts:
            if len(self._contexts) == MOST_CONTEXTS:
                self._contexts.clear()
            try:
                self._contexts[key] = client_context(authorities, own=own)
            except OSError as error:
                raise TlsError(f"authorities of {authorities} cannot be read: {error}") from None
        return self._contexts[key]


def _judge(tls: ssl.SSLSocket, need: Need) -> None:
    match dane.judge(need.records, chain(tls)):
        case dane.Anchored(anchors):
            raise SecondHandshakeError(anchors)
        case dane.Mismatch(why):
            raise TlsError(why)
