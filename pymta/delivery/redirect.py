r"""Mail goes on to where a user's .forward says: who is added, who has it anyway, and no circles.

Recipients are compared as mailboxes, however they are written.  For each that a .forward names:

    the user himself, or ``\user``             his mailbox, and no further
    somebody who leads back to the user        that one's mailbox, and no further
    somebody who gets the message anyway       nobody new: there is one copy for each
    anybody else                               one recipient more

So redirections never form a circle, and every one of them leads to somebody who really gets the
message: it can neither go round for ever nor vanish.  What is decided is recorded before anybody of
them has it (`pymta.spool.states`, Redirecting).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pymta.delivery.outcome import Addressee
from pymta.mail.address import Mailbox
from pymta.mail.envelope import Envelope
from pymta.routing.target import Whom
from pymta.spool.outcomes import Redirected, State
from pymta.spool.recipients import NO_FURTHER, reaches, written

MOST_ADDED = 1000  # recipients that redirections may add to one message

Key = tuple[str, str]
KeyOf = Callable[[str], Key]  # equal for two ways to write one mailbox


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user, whose account this is, has said about his mail."""

    addressee: Addressee
    targets: tuple[Whom, ...]
    account: str


@dataclass(frozen=True, slots=True)
class TooMany:
    why: str


def redirect(
    wish: Wish, envelope: Envelope, state: State, key_of: KeyOf, now: float
) -> Redirected | TooMany:
    """The record; `now` is in seconds since the epoch."""
    addresses = written(envelope, state)
    known = _known(addresses, key_of)
    to: list[int] = []
    added: dict[tuple[Key, bool], str] = {}
    for target in wish.targets:
        address = _address(target.mailbox, wish.addressee.address)
        key = key_of(address)
        is_final = target.is_final or _leads_back(key, wish, known, state, key_of)
        if (key, is_final) in known:
            to.append(known[key, is_final])
        else:
            added.setdefault((key, is_final), (NO_FURTHER if is_final else "") + address)
    if len(state.added) + len(added) > MOST_ADDED:
        return TooMany(f"redirections would add more than {MOST_ADDED} recipients to the message")
    start = max(addresses) + 1
    new = range(start, start + len(added))
    to = list(dict.fromkeys(to))
    return Redirected(now, (wish.addressee.index,), (*to, *new), tuple(added.values()))


def names(record: Redirected, addresses: dict[int, str]) -> Sequence[str]:
    """Whom it leads to, as the log tells it; `addresses` with those that it added."""
    return [addresses[n] for n in record.to]


def _leads_back(
    key: Key, wish: Wish, known: dict[tuple[Key, bool], int], state: State, key_of: KeyOf
) -> bool:
    if key == key_of(wish.addressee.address):
        return True
    there = known.get((key, False))
    return there is not None and reaches(there, wish.addressee.index, state)


def _known(addresses: dict[int, str], key_of: KeyOf) -> dict[tuple[Key, bool], int]:
    known: dict[tuple[Key, bool], int] = {}
    for index, text in addresses.items():
        is_final = text.startswith(NO_FURTHER)
        known.setdefault((key_of(text.removeprefix(NO_FURTHER)), is_final), index)
    return known


def _address(mailbox: Mailbox, of_user: str) -> str:
    """One without a domain is in the user's own, which is one of ours."""
    own = of_user.rpartition("@")[2] if "@" in of_user else ""
    return str(Whom(Mailbox(mailbox.local, mailbox.domain or own)))
