"""PLAIN (RFC 4616) and LOGIN: the client says its password, and somebody who knows is asked.

LOGIN was never standardised; this is what Outlook and its relatives speak: two prompts, with these
very words, and the name may come as an initial response.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from pymta.sasl.exchange import Challenge, Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.in_order import Refusal
from pymta.sasl.prepare import decode_name, decode_password

MECHANISMS = ("PLAIN", "LOGIN")
USERNAME, PASSWORD = Challenge(b"Username:"), Challenge(b"Password:")

# Does this password belong to this name, which is prepared?
CheckPassword = Callable[[str, str, Link], Success | Failure]


class PasswordSource(Protocol):
    """Who knows passwords.  He takes as long for a name that he does not know as for others."""

    def knows_passwords(self) -> bool:
        """Now; what cannot be asked is not offered."""
        ...

    def check(self, name: str, password: str, link: Link) -> Success | Failure: ...


class Passwords:
    """A `BackEnd` for both, over sources that are asked in order until one says yes.

    A no of the first is never the last word, whether it knows the name or not: so nobody learns
    from how long it took which of them knows it.
    """

    def __init__(self, sources: Sequence[PasswordSource]) -> None:
        self._sources = tuple(sources)

    def mechanisms(self, link: Link) -> tuple[str, ...]:  # noqa: ARG002 - a BackEnd
        return MECHANISMS if any(source.knows_passwords() for source in self._sources) else ()

    def begin(self, mechanism: str, link: Link) -> Exchange:
        match mechanism:
            case "PLAIN":
                return Plain(self._check, link)
            case "LOGIN":
                return Login(self._check, link)
        return Refusal(Failure(Fault.TEMPORARY, f"{mechanism} is no mechanism with a password"))

    def _check(self, name: str, password: str, link: Link) -> Success | Failure:
        failures: list[Failure] = []
        for source in self._sources:
            answer = source.check(name, password, link)
            if isinstance(answer, Success):
                return answer
            failures.append(answer)
        # Whoever could not be asked may have known it.
        unsure = [one for one in failures if one.fault is Fault.TEMPORARY]
        if not unsure:
            return failures[0]
        return replace(unsure[0], may_be_guess=len(unsure) < len(failures))


class Plain:
    """An `Exchange`: [authzid] NUL authcid NUL passwd."""

    def __init__(self, check: CheckPassword, link: Link) -> None:
        self._check = check
        self._link = link

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge()
        parts = response.split(b"\0")
        if len(parts) != 3:
            return Failure(Fault.MALFORMED, "a PLAIN message has three parts")
        wanted, name, password = parts
        return _verdict(name, password, wanted, self._check, self._link)

    def close(self) -> None:
        pass


class Login:
    """An `Exchange`."""

    def __init__(self, check: CheckPassword, link: Link) -> None:
        self._check = check
        self._link = link
        self._name: bytes | None = None

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return USERNAME
        if self._name is None:
            self._name = response
            return PASSWORD
        return _verdict(self._name, response, b"", self._check, self._link)

    def close(self) -> None:
        pass


def _verdict(
    name: bytes, password: bytes, wanted: bytes, check: CheckPassword, link: Link
) -> Success | Failure:
    """`wanted` is whom the client wants to be, where it says so: nobody may be another."""
    try:
        account = decode_name(name)
    except ValueError as error:
        return Failure(Fault.MALFORMED, f"no name of an account: {_why(error)}")
    try:
        secret = decode_password(password)
        is_other = wanted and decode_name(wanted) != account
    except ValueError as error:
        return Failure(Fault.MALFORMED, _why(error), account)
    if is_other:
        return Failure(Fault.REJECTED, "nobody may act as another account", account)
    return check(account, secret, link)


def _why(error: ValueError) -> str:
    """Python's own words quote octets, which may be secret."""
    return "no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
