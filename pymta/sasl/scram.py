"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677).

The password never comes here; -PLUS also proves that the client speaks TLS with us and not with
somebody between, by tls-server-end-point (RFC 5929 s4): the one binding that Python's TLS allows.

    client   n,,n=alice,r=NONCE
    server   r=NONCE+OURS,s=SALT,i=ITERATIONS
    client   c=HEADER+BINDING,r=NONCE+OURS,p=PROOF
    server   v=SIGNATURE                              a challenge here, with an empty answer

A name that nobody has gets as far as everybody else, with a verifier that nobody can fit.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable

from pymta.dataclass import dataclass
from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Step, Success
from pymta.sasl.scram_message import BINDING, First, parse_final, parse_first
from pymta.sasl.verifier import Verifier

NAME = "SCRAM-SHA-256"
NAME_PLUS = "SCRAM-SHA-256-PLUS"

# Of a prepared name; a made-up one for a name that nobody has, a Failure when nobody can be asked.
FindVerifier = Callable[[str], Verifier | Failure]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """For the final message, or, when that was right, for its `account` to take our signature."""

    first: First
    verifier: Verifier
    nonce: bytes
    said: bytes
    account: str = ""


class Scram:
    """An `Exchange`.

    `nonce` is ours: printable, without comma, and never used before.  `offers_plus`: the client
    could have seen NAME_PLUS among what was offered.
    """

    def __init__(
        self,
        mechanism: str,
        link: Link,
        find: FindVerifier,
        nonce: bytes,
        *,
        offers_plus: bool,
    ) -> None:
        self._is_plus = mechanism == NAME_PLUS
        self._offers_plus = offers_plus
        self._link = link
        self._find = find
        self._nonce = nonce
        self._waiting: _Waiting | None = None

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge()
        try:
            if self._waiting is None:
                return self._first(response)
            if self._waiting.account:
                return self._last(response, self._waiting)
            return self._final(response, self._waiting)
        except ValueError as error:
            name = self._waiting.first.name if self._waiting else ""
            is_text = not isinstance(error, UnicodeDecodeError)  # whose words quote octets
            return Failure(Fault.MALFORMED, str(error) if is_text else "no UTF-8", name)

    def close(self) -> None:
        pass

    def _first(self, message: bytes) -> Step:
        first = parse_first(message)
        if refusal := self._refusal(first):
            return Failure(refusal[0], refusal[1], first.name)
        verifier = self._find(first.name)
        if isinstance(verifier, Failure):
            return verifier
        nonce = first.nonce + self._nonce
        said = b"r=%s,s=%s,i=%d" % (nonce, b64encode(verifier.salt), verifier.iterations)
        self._waiting = _Waiting(first, verifier, nonce, said)
        return Challenge(said)

    def _refusal(self, first: First) -> tuple[Fault, str] | None:
        if self._is_plus != bool(first.binding):
            return Fault.MALFORMED, "the flag of channel binding is not that of the mechanism"
        if first.binding and first.binding != BINDING:
            return Fault.MALFORMED, "a channel binding that we do not have"
        if first.would_bind and self._offers_plus:
            # RFC 5802 s6: somebody between has taken -PLUS out of what we offered.
            return Fault.REJECTED, "the client did not see that -PLUS was offered"
        if first.wanted and first.wanted != first.name:
            return Fault.REJECTED, "nobody may act as another account"
        return None

    def _final(self, message: bytes, waiting: _Waiting) -> Step:
        final, first, verifier = parse_final(message), waiting.first, waiting.verifier
        if final.nonce != waiting.nonce:
            return Failure(Fault.REJECTED, "a nonce that is not the one agreed on", first.name)
        binding = self._link.binding if self._is_plus else b""
        if not hmac.compare_digest(final.binding, first.header + binding):
            why = "bound to another channel: somebody may stand between"
            return Failure(Fault.REJECTED, why, first.name)
        signed = b",".join((first.bare, waiting.said, final.signed))
        if not _proves(final.proof, signed, verifier.stored):
            return Failure(Fault.REJECTED, "wrong name or password", first.name)
        self._waiting = _Waiting(first, verifier, waiting.nonce, b"", first.name)
        signature = hmac.digest(verifier.server, signed, "sha256")
        return Challenge(b"v=" + b64encode(signature), first.name)

    @staticmethod
    def _last(response: bytes, waiting: _Waiting) -> Step:
        if response:
            return Failure(Fault.MALFORMED, "something follows the end", waiting.account)
        return Success(waiting.account)


def _proves(proof: bytes, signed: bytes, stored: bytes) -> bool:
    """Is it made with the key whose hash we have?  (RFC 5802 s3)"""
    mask = hmac.digest(stored, signed, "sha256")
    if len(proof) != len(mask):
        return False
    key = bytes(a ^ b for a, b in zip(proof, mask, strict=True))
    return hmac.compare_digest(hashlib.sha256(key).digest(), stored)
