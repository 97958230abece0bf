"""Logins by Dovecot: its auth process checks them, with all mechanisms and sources that it has.

There is a connection for each login, which ends with it; so a client that goes in the middle leaves
nothing behind.  The list of mechanisms, which every EHLO wants, is remembered for a minute, for all
workers; and so is that nobody answers.  While one of them asks anew the others go by what was known
before: a Dovecot that hangs costs one client some seconds now and then, and most never any.

Touches: sockets, clock, random numbers.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from pymta.accounts.dovecot_known import Known, Memory
from pymta.accounts.dovecot_words import (
    Cont,
    Fail,
    GarbledError,
    Ok,
    answer,
    auth,
    cont,
    hello,
    mechanisms,
)
from pymta.accounts.inquiry import Inquiry, NoAnswerError
from pymta.accounts.told import Told
from pymta.sasl.exchange import Challenge, Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.in_order import Refusal
from pymta.sasl.plain import MECHANISMS as WITH_PASSWORD
from pymta.sasl.prepare import prepare_name

SECONDS_TO_GREET = 5.0  # it says its mechanisms at once, and an EHLO waits for them
KEPT, KEPT_NONE = 60.0, 5.0  # seconds that a list is believed, and that nobody answers
_GREETING, _ANSWER = "Dovecot", "an answer of Dovecot"  # subjects of trouble
_MOST_LINES = 100  # of a greeting


class Dovecot:
    """The auth process behind one socket; made before the first fork."""

    def __init__(self, path: str, seconds: float, told: Told) -> None:
        self._path = path
        self._seconds = seconds
        self._seconds_to_greet = min(SECONDS_TO_GREET, seconds)
        self._told = told
        self._memory = Memory()

    def mechanisms(self) -> tuple[str, ...]:
        """None while it does not answer."""
        now, known = time.monotonic(), self._memory.get()
        if known and now < known.until:
            return known.names
        if known:  # for the others, and for as long as we may have to wait
            self._memory.put(Known(known.names, now + self._seconds_to_greet))
        opened = self.open()
        if not opened:
            return ()
        opened[0].close()
        return opened[1]

    def open(self) -> tuple[Inquiry, tuple[str, ...]] | None:
        """A connection after its greeting, and what was said there; None: there is none now."""
        try:
            inquiry, names = self._greeted()
        except (NoAnswerError, GarbledError) as error:
            self._memory.put(Known((), time.monotonic() + KEPT_NONE))
            self._told.trouble(_GREETING, f"Dovecot: {error}")
            return None
        self._memory.put(Known(names, time.monotonic() + KEPT))
        self._told.over(_GREETING, "Dovecot answers again")
        return inquiry, names

    def _greeted(self) -> tuple[Inquiry, tuple[str, ...]]:
        inquiry = Inquiry(self._path, self._seconds_to_greet)
        try:
            inquiry.send(hello(secrets.randbelow(1 << 31)))
            return inquiry, mechanisms(_greeting(inquiry))
        except (NoAnswerError, GarbledError):
            inquiry.close()
            raise

    def begin(self, mechanism: str, link: Link) -> Exchange:
        opened = self.open()
        if opened is None:
            return Refusal(Failure(Fault.TEMPORARY, "Dovecot does not answer"))
        return _Login(opened[0], self._seconds, mechanism, link, self._told)


class DovecotMechanisms:
    """A `BackEnd` for those mechanisms in which the password is not said."""

    def __init__(self, dovecot: Dovecot) -> None:
        self._dovecot = dovecot

    def mechanisms(self, link: Link) -> tuple[str, ...]:  # noqa: ARG002 - a BackEnd
        return tuple(name for name in self._dovecot.mechanisms() if name not in WITH_PASSWORD)

    def begin(self, mechanism: str, link: Link) -> Exchange:
        return self._dovecot.begin(mechanism, link)


class DovecotPasswords:
    """A `pymta.sasl.plain.PasswordSource`."""

    def __init__(self, dovecot: Dovecot) -> None:
        self._dovecot = dovecot

    def knows_passwords(self) -> bool:
        return "PLAIN" in self._dovecot.mechanisms()

    def check(self, name: str, password: str, link: Link) -> Success | Failure:
        exchange = self._dovecot.begin("PLAIN", link)
        try:
            step = exchange.step(f"\0{name}\0{password}".encode())
        finally:
            exchange.close()
        match step:
            case Success():
                return step
            case Failure(fault, why):
                return Failure(fault, why, name)
        return Failure(Fault.TEMPORARY, "Dovecot asks for more than a password", name)


class _Login:
    """An `Exchange`: everything goes through as it is."""

    def __init__(
        self,
        inquiry: Inquiry,
        seconds: float,
        mechanism: str,
        link: Link,
        told: Told,
    ) -> None:
        self._inquiry = inquiry
        self._seconds = seconds
        self._mechanism = mechanism
        self._link = link
        self._told = told
        self._has_begun = False
        self._success: Success | None = None  # when it is known, and the client does not know it

    def step(self, response: bytes | None) -> Step:
        if self._success:
            return _last(response, self._success)
        try:
            said = self._ask(response)
        except (NoAnswerError, GarbledError) as error:
            self.close()
            self._told.trouble(_ANSWER, f"Dovecot: {error}")
            return Failure(Fault.TEMPORARY, "Dovecot does not answer")
        if isinstance(said, Cont):
            return Challenge(said.data)
        self._told.over(_ANSWER, "Dovecot answers again")
        self.close()
        verdict = _verdict(said)
        if isinstance(said, Ok) and said.data and isinstance(verdict, Success):
            self._success = verdict
            return Challenge(said.data, verdict.account)
        return verdict

    def close(self) -> None:
        self._inquiry.close()

    def _ask(self, response: bytes | None) -> Ok | Fail | Cont:
        if self._has_begun:
            question = cont(response or b"")
        else:
            question = auth(self._mechanism, self._link, response)
        self._has_begun = True
        self._inquiry.allow(self._seconds)
        self._inquiry.send(question)
        return answer(self._inquiry.line())


def _last(response: bytes | None, success: Success) -> Success | Failure:
    if response:
        return Failure(Fault.MALFORMED, "something follows the end", success.account)
    return success


def _verdict(said: Ok | Fail) -> Success | Failure:
    try:
        name = prepare_name(said.user) if said.user else ""
    except ValueError as error:
        return Failure(Fault.REJECTED, f"Dovecot calls the account what we cannot: {error}")
    match said:
        case Ok():
            return Success(name)
        case Fail(_, True, why):
            return Failure(Fault.TEMPORARY, why or "Dovecot cannot say now", name)
        case Fail(_, _, why):
            return Failure(Fault.REJECTED, why or "wrong name or password", name)


def _greeting(inquiry: Inquiry) -> Iterator[bytes]:
    """All lines before DONE.  Raises NoAnswerError, and GarbledError when there is no end."""
    for _ in range(_MOST_LINES):
        line = inquiry.line()
        if line == b"DONE":
            return
        yield line
    raise GarbledError("its greeting does not end")
