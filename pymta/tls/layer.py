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
from contextlib import suppress

from pymta.tls.facts import Facts

LARGEST = 16_384  # octets of one record (RFC 8446 s5.1)


class TlsError(Exception):
    """The other side does not speak TLS, not one that we speak, or what it sent was tampered with.

    The argument says which, in OpenSSL's words.
    """


class Layer:
    """The server's side."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._error: TlsError | None = None  # raised when all that came before was read

    def receive(self, data: bytes) -> None:
        self._incoming.write(data)

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def handshake(self) -> Facts | None:
        """None: more is needed from the client.  Raises TlsError; an alert may be to send then."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise TlsError(_why(error)) from None
        return self._facts()

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
            raise TlsError(_why(error)) from None

    def write(self, data: bytes) -> None:
        """All of it, which makes one record at most: no more than LARGEST octets.

        Raises TlsError.
        """
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise TlsError(_why(error)) from None

    def close(self) -> None:
        """Say that we end; the answer is not waited for (RFC 8446 s6.1)."""
        with suppress(ssl.SSLError):  # it would wait, or there is nothing left to end
            self._tls.unwrap()

    def _facts(self) -> Facts:
        agreed = self._tls.cipher()
        assert agreed
        name, _, bits = agreed
        version = (self._tls.version() or "").replace("TLSv", "TLS")
        return Facts(version, name, bits, is_resumed=bool(self._tls.session_reused))


def _why(error: ssl.SSLError) -> str:
    return error.reason.lower().replace("_", " ") if error.reason else str(error)
