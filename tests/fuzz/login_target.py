"""A login, said by a stranger; and what a password file and Dovecot may have in them.

The first octet says which; lines are the messages of a client, or those of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from pymta.accounts.dovecot_words import Cont, GarbledError, answer, mechanisms
from pymta.accounts.password_text import PasswordText
from pymta.sasl.exchange import (
    BackEnd,
    Challenge,
    Exchange,
    Failure,
    Link,
    Step,
    Success,
)
from pymta.sasl.external import External
from pymta.sasl.plain import Passwords
from pymta.sasl.prepare import prepare_name
from pymta.sasl.scram import NAME, NAME_PLUS, Scram
from pymta.sasl.verifier import Verifier, derive, fake

_LINK = Link(has_tls=True, binding=b"b" * 32, certified=("alice@example.org",))
_NAME, _SECRET = "alice@example.org", "rabbit"
_KEPT = derive(_SECRET.encode(), b"0123456789abcdef", 1)  # quick: guessing is not what is tried
_NONCE = b"3rfcNHYJY1ZVvWVs7j"


class _Book:
    """A `pymta.sasl.plain.PasswordSource`."""

    def knows_passwords(self) -> bool:
        return True

    def check(self, name: str, password: str, link: Link) -> Success | Failure:
        assert link is _LINK
        assert prepare_name(name) == name
        assert "\0" not in password
        return Success(name if (name, password) == (_NAME, _SECRET) else "another")


def _find(name: str) -> Verifier | Failure:
    assert prepare_name(name) == name
    return _KEPT if name == _NAME else fake(name, b"secret", _KEPT)


def _scram(mechanism: str) -> Exchange:
    return Scram(mechanism, _LINK, _find, _NONCE, offers_plus=True)


def _of(back_end: BackEnd, mechanism: str) -> Exchange:
    return back_end.begin(mechanism, _LINK)


_EXCHANGES: Sequence[Callable[[], Exchange]] = (
    lambda: _of(Passwords([_Book()]), "PLAIN"),
    lambda: _of(Passwords([_Book()]), "LOGIN"),
    lambda: _scram(NAME),
    lambda: _scram(NAME_PLUS),
    lambda: _of(External(_NAME.__eq__), "EXTERNAL"),
)


def login(data: bytes) -> None:
    which, lines = (data[0], data[1:].split(b"\n")) if data else (0, [b""])
    which %= len(_EXCHANGES) + 2
    if which < len(_EXCHANGES):
        _play(_EXCHANGES[which](), lines)
    elif which == len(_EXCHANGES):
        _dovecot(lines)
    else:
        _file(lines[0], b"\n".join(lines[1:]))


def _play(exchange: Exchange, messages: Sequence[bytes]) -> None:
    """A login ends, nobody becomes an account that he did not prove, and no octet gets out."""
    step: Step = Challenge()
    for message in messages:
        step = exchange.step(message)
        if not isinstance(step, Challenge):
            break
    exchange.close()
    if isinstance(step, Failure):
        assert step.why.isprintable()
        assert not step.name or prepare_name(step.name) == step.name
    if isinstance(step, Success) and step.account == _NAME and isinstance(exchange, Scram):
        raise AssertionError("nobody finds the proof by chance")


def _dovecot(lines: Sequence[bytes]) -> None:
    with suppress(GarbledError):
        assert all(name.isascii() and name.isprintable() for name in mechanisms(lines))
    for line in lines:
        try:
            said = answer(line)
        except GarbledError:
            continue
        assert isinstance(said, Cont) or isinstance(said.user, str)


def _file(octets: bytes, text: bytes) -> None:
    """Whatever stands there, somebody is found to be made like, and a line concerns one name."""
    file = PasswordText(text)
    for needs_verifier in (False, True):
        like = file.like(int.from_bytes(octets), has_verifier=needs_verifier)
        assert like.verifier or (like.hash and not needs_verifier)
    with suppress(ValueError):
        found = file.find(_NAME)
        assert found is None or (found.name == _NAME and not found.is_locked)
        assert not file.has_verifiers or not found or found.verifier
