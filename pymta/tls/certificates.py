"""Our certificates, and which of them a client gets to see.

All connections begin with one context, that of whoever is in no other entry: OpenSSL takes the keys
of tickets from there, so a session is resumed whichever certificate is shown.  They are made before
the first fork, for the same reason.

Touches: OpenSSL, descriptors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

from pymta.tls.asks import Asks
from pymta.tls.context import server_context
from pymta.tls.layer import Layer, Shown
from pymta.tls.leaf import leaf
from pymta.tls.which import EVERYBODY, NOWHERE, Place, which


class Certificates:
    """`texts` are those of `pymta.tls.credentials`, each by who is to see it (`which`)."""

    def __init__(
        self,
        texts: Mapping[str, bytes],
        authorities: str = "",
        ciphers: str = "",
        *,
        former: Certificates | None = None,
    ) -> None:
        """What is the same in `former`, of the same settings, stays, and its ticket keys with it.

        Raises ssl.SSLError and OSError, as `server_context` does.
        """
        self._digests = {key: hashlib.sha256(text).digest() for key, text in texts.items()}
        self._shown = {
            key: (former and former.unchanged(key, self._digests[key]))
            or Shown(server_context(text, authorities, ciphers), _end_point(text))
            for key, text in texts.items()
        }

    def unchanged(self, key: str, digest: bytes) -> Shown | None:
        """The one of this entry, if it was made of the text with this digest (SHA-256)."""
        return self._shown[key] if self._digests.get(key) == digest else None

    def layer(self, asks: Asks = Asks.NOTHING, place: Place = NOWHERE) -> Layer:
        """The TLS of one connection that came to `place`."""
        return Layer(self._shown[EVERYBODY].context, partial(self._choose, place), asks)

    def _choose(self, place: Place, name: str) -> Shown:
        return self._shown[which(self._shown, name, place)]


def _end_point(text: bytes) -> bytes:
    """Nothing, for a certificate that OpenSSL takes and we cannot read."""
    try:
        return leaf(text).end_point
    except ValueError:
        return b""
