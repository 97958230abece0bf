r"""Everybody who is to have a message: those of the envelope, and those whom redirections added.

An index names a recipient for as long as the message lives.  A text with a backslash in front, as
``\user@example.org``, is a mailbox from which mail goes no further.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.mail.envelope import Envelope
from pymta.spool.outcomes import State

NO_FURTHER = "\\"


def written(envelope: Envelope, state: State) -> dict[int, str]:
    """Addresses by index, in the order of the indices."""
    found = {n: recipient.address for n, recipient in enumerate(envelope.recipients)}
    return found | dict(state.added)


def givers(state: State) -> dict[int, int]:
    """By whose wish each of those was added that redirections added."""
    added = {n for n, _ in state.added}
    found: dict[int, int] = {}
    for giver, to in state.redirects:
        for n in to:
            if n in added:
                found.setdefault(n, giver)
    for new, old in state.instead:  # who stands for another has it by the same way
        if old in found:
            found[new] = found[old]
    return found


def way_to(index: int, givers: Mapping[int, int]) -> tuple[int, ...]:
    """Who had the mail sent on to this one: from the recipient of the envelope to the last."""
    way: list[int] = []
    while index in givers:
        index = givers[index]
        way.append(index)
    return tuple(reversed(way))


def of_envelope(index: int, count: int, givers: Mapping[int, int], state: State) -> int | None:
    """The recipient of the envelope, which has `count`, for whom this one stands.

    None: an operator added it, for nobody.
    """
    instead = dict(state.instead)
    found: int | None = index
    while found is not None and found >= count:
        found = givers.get(found, instead.get(found))
    return found


def reaches(start: int, wanted: int, state: State) -> bool:
    """Does mail for `start` go to `wanted` as well, over however many redirections?"""
    redirects = dict(state.redirects)
    seen: set[int] = set()
    ahead = [start]
    while ahead:
        index = ahead.pop()
        if index == wanted:
            return True
        if index not in seen:
            seen.add(index)
            ahead += redirects.get(index, ())
    return False
