"""TLS on one connection, without its socket: somebody else carries the octets.

    receive    what came over the wire goes in
    outgoing   what is to go over the wire comes out: taken once, after each of the others
    handshake, read, write, close

So waiting, deadlines and signals are where they are for a plain connection, and nothing here can
block.  A layer lives and dies with its connection.

Touches: OpenSSL.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymta.dataclass import dataclass
from pymta.mail.trace import safe_name
from pymta.tls.asks import Asks
from pymta.tls.facts import Facts
from pymta.tls.peer import Peer, peer
from pymta.tls.trouble import TlsError, why

_MODES = {
    Asks.NOTHING: ssl.CERT_NONE,
    Asks.TO_SEE_ONE: ssl.CERT_OPTIONAL,
    Asks.FOR_ONE: ssl.CERT_REQUIRED,
}
LARGEST = 16_384  # octets of one record (RFC 8446 s5.1)


@dataclass(frozen=True, slots=True)
class Shown:
    """One certificate: its context, and what binds a login to it (`Leaf.end_point`)."""

    context: ssl.SSLContext
    end_point: bytes = b""


class Layer:
    """The server's side.

    `context` is what all connections have in common, its ticket keys above all.  `choose` says
    which certificate is shown to who asks for a name ("" for none).
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        choose: Callable[[str], Shown] | None = None,
        asks: Asks = Asks.NOTHING,
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._context = context
        self._choose = choose
        self._asks = asks
        self._sni = ""
        self._end_point = b""
        with _asking(context, asks):
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._error: TlsError | None = None  # raised when all that came before was read

    def receive(self, data: bytes) -> None:
        self._incoming.write(data)

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def handshake(self) -> Facts | None:
        """None: more is needed from the client.  Raises TlsError; an alert may be to send then."""
        try:
            with self._choosing():
                self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise TlsError(why(error)) from None
        facts = self._facts()
        # A session of before, when nobody asked, is resumed without any.
        if self._asks is Asks.FOR_ONE and not facts.peer:
            raise TlsError("peer did not return a certificate")
        return facts

    @contextmanager
    def _choosing(self) -> Iterator[None]:
        """Python cannot read a name that is not ASCII, ends the handshake, and tells stderr."""
        hook = sys.unraisablehook
        sys.unraisablehook = _ignore
        self._context.sni_callback = self._named
        try:
            yield
        finally:
            self._context.sni_callback = None
            sys.unraisablehook = hook

    def _named(self, tls: Any, name: str | None, _: ssl.SSLContext) -> None:
        self._sni = name or ""
        if self._choose:
            shown = self._choose(self._sni)
            self._end_point = shown.end_point
            if shown.context is not self._context:
                tls.context = shown.context

    def read(self) -> bytes | None:
        """All that the client said, b"" when it has said that it ends, None: more is needed.

        Raises TlsError, as `handshake` does.
        """
        if self._error:
            raise self._error
        text = b""
        while True:
            try:
                record = self._record()
            except TlsError as error:
                self._error = error
                if not text:
                    raise
                return text
            if not record:
                return text or record
            text += record

    def _record(self) -> bytes | None:
        try:
            return self._tls.read(LARGEST)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as error:
            raise TlsError(why(error)) from None

    def write(self, data: bytes) -> None:
        """All of it, which makes one record at most: no more than LARGEST octets.

        Raises TlsError.
        """
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise TlsError(why(error)) from None

    def close(self) -> None:
        """Say that we end; the answer is not waited for (RFC 8446 s6.1)."""
        with suppress(ssl.SSLError):  # it would wait, or there is nothing left to end
            self._tls.unwrap()

    def _facts(self) -> Facts:
        agreed = self._tls.cipher()
        assert agreed
        name, _, bits = agreed
        version = (self._tls.version() or "").replace("TLSv", "TLS")
        return Facts(
            version,
            name,
            bits,
            is_resumed=bool(self._tls.session_reused),
            sni=safe_name(self._sni),
            peer=self._peer(),
            end_point=self._end_point,
        )

    def _peer(self) -> Peer | None:
        """Nothing is asked for without being verified, so one that is there is good."""
        if self._asks is Asks.NOTHING:
            return None
        with _asking(self._tls.context, self._asks):
            found = self._tls.getpeercert()
        return peer(found) if found else None


@contextmanager
def _asking(context: ssl.SSLContext, asks: Asks) -> Iterator[None]:
    """OpenSSL copies it to a new connection; Python looks there for an old one."""
    if asks is Asks.NOTHING:
        yield
        return
    context.verify_mode = _MODES[asks]
    try:
        yield
    finally:
        context.verify_mode = ssl.CERT_NONE


def _ignore(_: object) -> None:
    """See `Layer._choosing`."""
