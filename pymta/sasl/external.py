"""EXTERNAL (RFC 4422 appendix A): the certificate of the client has said who it is.

It is offered only where the link has names from a certificate that was verified, and one of them is
an account; the client may say which of them it wants to be, and is the first of them when it does
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from pymta.sasl.exchange import Challenge, Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.prepare import decode_name, prepare_name

NAME = "EXTERNAL"


class External:
    """A `BackEnd`; `is_account` says of a prepared name whether its owner may log in so.

    Whoever vouches for certificates need not know who has an account here.
    """

    def __init__(self, is_account: Callable[[str], bool]) -> None:
        self._is_account = is_account

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return (NAME,) if self._accounts(link) else ()

    def begin(self, mechanism: str, link: Link) -> Exchange:  # noqa: ARG002 - a BackEnd
        return _Claim(self._accounts(link))

    def _accounts(self, link: Link) -> tuple[str, ...]:
        return tuple(name for name in _prepared(link) if self._is_account(name))


class _Claim:
    def __init__(self, accounts: tuple[str, ...]) -> None:
        self._accounts = accounts

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge()
        if not self._accounts:
            return Failure(Fault.REJECTED, "no certificate of the client was verified")
        if not response:
            return Success(self._accounts[0])
        try:
            wanted = decode_name(response)
        except ValueError:
            return Failure(Fault.MALFORMED, "no name of an account")
        if wanted not in self._accounts:
            why = "another name than those in the certificate of the client"
            return Failure(Fault.REJECTED, why, wanted)
        return Success(wanted)

    def close(self) -> None:
        pass


def _prepared(link: Link) -> Iterator[str]:
    """Those names of the certificate that can be one of an account."""
    for name in link.certified:
        with suppress(ValueError):
            yield prepare_name(name)
