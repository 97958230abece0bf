"""EXTERNAL (RFC 4422 appendix A): the certificate of the client has said who it is.

It is offered only where the link has names from a certificate that was verified; the client may say
which of them it wants to be, and is the first of them when it does not.
"""

from __future__ import annotations

from pymta.sasl.exchange import Challenge, Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.prepare import decode_name, prepare_name

NAME = "EXTERNAL"


class External:
    """A `BackEnd`."""

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return (NAME,) if _accounts(link) else ()

    def begin(self, mechanism: str, link: Link) -> Exchange:  # noqa: ARG002 - a BackEnd
        return _Claim(_accounts(link))


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


def _accounts(link: Link) -> tuple[str, ...]:
    """Those names of the certificate that can be one of an account."""
    found: list[str] = []
    for name in link.certified:
        try:
            found.append(prepare_name(name))
        except ValueError:
            continue
    return tuple(found)
