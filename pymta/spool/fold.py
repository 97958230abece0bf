"""Where a message stands: the fold of what has happened to it, oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from itertools import groupby
from typing import cast

from pymta.spool.outcomes import (
    DELAYED,
    DELIVERED,
    EXPANDED,
    FAILED,
    LIST,
    RELAYED,
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Owed,
    Record,
    Redirected,
    Released,
    Reported,
    Rerouted,
    Single,
    State,
    Thawed,
    Warned,
)


def fold(count: int, records: Iterable[Record], frozen: str = "") -> State:
    """The state of a message with `count` recipients after `records`, oldest first.

    `frozen` is that of its seal.
    """
    return step(State(pending=tuple(range(count)), frozen=frozen), *records)


def step(state: State, *records: Record) -> State:
    """These records later.  Settling a recipient twice is the same as once.

    Of very many recipients there may be very many records: one new state for a row that is alike.
    """
    for kind, row in groupby(records, _kind):
        match kind:
            case "settled":
                state = _settle_all(state, cast("Iterable[Delivered | Failed]", row))
            case "put off":
                state = _put_off(state, cast("Iterable[Deferred]", row))
            case _:
                state = reduce(_one_step, cast("Iterable[Single]", row), state)
    return state


def _kind(record: Record) -> str:
    if isinstance(record, Delivered | Failed):
        return "settled"
    return "put off" if isinstance(record, Deferred) else ""


def _settle_all(state: State, records: Iterable[Delivered | Failed]) -> State:
    settled: list[int] = []
    owed: list[Owed] = []
    for record in records:
        whom = record.recipients
        settled += whom
        match record:
            case Delivered(how=line):
                action = RELAYED if line.startswith("H=") else DELIVERED
            case Failed(why=line):
                action = FAILED
        if record.report_id:
            owed.append(Owed(whom, line, record.report_id, action))
    return replace(_settle(state, settled), owed=(*state.owed, *owed))


def _one_step(state: State, record: Single) -> State:
    match record:
        case Reported(report_id=report_id):
            owed = tuple(one for one in state.owed if one.report_id != report_id)
            return replace(state, owed=owed)
        case Redirected(recipients=settled, to=to, added=added, report_id=report_id):
            state = _redirect(state, settled, to, added, record.sender)
            # With its list a message is where its sender wanted it (RFC 3461 s5.2.7.1).
            line, action = (LIST, DELIVERED) if record.sender else ("", EXPANDED)
            return _owe(state, settled, line, report_id, action)
        case Warned(at=at, recipients=late, report_id=report_id, warn=warn):
            state = _owe(state, late, "", report_id, DELAYED)
            return replace(state, warned=at, warn=warn)
        case Frozen(at=at, why=why):
            return replace(state, frozen=why or "frozen", frozen_since=at)
        case Thawed():
            return replace(state, frozen="", frozen_since=0.0, dues=())
        case Held(by=by):
            return replace(state, held=by or "somebody")
        case Released():
            return replace(state, held="")
        case Edited():
            return _edit(state, record)
        case Rerouted(host=host):  # the times were those of other hosts
            return replace(state, reroute=host, dues=(), first_deferred=())


def _put_off(state: State, records: Iterable[Deferred]) -> State:
    """By one record after the other; one attempt may have several, of one time."""
    first, dues, reasons = dict(state.first_deferred), dict(state.dues), dict(state.why)
    attempts, last, warn = state.attempts, state.put_off_at, state.warn
    for record in records:
        attempts += not attempts or record.at != last
        last, warn = record.at, record.warn
        for n in record.recipients:
            if not record.is_limited:
                first.setdefault(n, record.at)
            dues[n], reasons[n] = record.due, record.why
    return replace(
        state,
        first_deferred=tuple(sorted(first.items())),
        dues=tuple(sorted(dues.items())),
        why=tuple(sorted(reasons.items())),
        warn=warn,
        attempts=attempts,
        put_off_at=last,
    )


def _redirect(
    state: State,
    settled: tuple[int, ...],
    to: tuple[int, ...],
    added: tuple[str, ...],
    sender: str,
) -> State:
    """Whoever is settled already stays so, and nobody is added for him."""
    from_whom = tuple(n for n in settled if n in state.pending)
    if not from_whom:
        return state
    new = to[len(to) - len(added) :]
    state = _settle(state, from_whom)
    return replace(
        state,
        pending=(*state.pending, *new),
        added=(*state.added, *zip(new, added, strict=True)),
        redirects=(*state.redirects, *((n, to) for n in from_whom)),
        senders=(*state.senders, *((n, sender) for n in from_whom if sender)),
    )


def _edit(state: State, edited: Edited) -> State:
    state = _settle(state, edited.recipients)
    is_one_for_one = len(edited.recipients) == len(edited.to) == 1
    pair = ((edited.to[0], edited.recipients[0]),) if is_one_for_one else ()
    return replace(
        state,
        pending=(*state.pending, *edited.to),
        added=(*state.added, *zip(edited.to, edited.added, strict=True)),
        instead=(*state.instead, *pair),
    )


def _owe(
    state: State, recipients: tuple[int, ...], line: str, report_id: str, action: str
) -> State:
    if not report_id:
        return state
    return replace(state, owed=(*state.owed, Owed(recipients, line, report_id, action)))


def _settle(state: State, settled: Iterable[int]) -> State:
    gone = frozenset(settled)  # there may be very many
    return replace(state, pending=tuple(n for n in state.pending if n not in gone))
