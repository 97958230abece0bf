"""What an operator may order for a message, as records, lines of the log and nothing else.

Each order looks at a message as it stands and says what it changes, so that a dry run asks the same
question as the real one.  Who carries it out notes the records under the claim of the message, and
removes it when nobody is left who waits, or who is to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pymta.dataclass import dataclass
from pymta.delivery.outcome import Addressee, addressees
from pymta.delivery.settle import EXPIRED_STATUS
from pymta.journal import delivery_events, hand_events
from pymta.journal.delivery_events import Leg
from pymta.journal.event import Event
from pymta.report.failure import GIVEN_UP, UNKNOWN_STATUS, Failure, is_told, parse_failure
from pymta.spool.outcomes import (
    Edited,
    Failed,
    Frozen,
    Held,
    Record,
    Released,
    Rerouted,
    Thawed,
)
from pymta.spool.recipients import NO_FURTHER, written
from pymta.spool.store import Message

CANCELLED = "delivery cancelled by administrator"


@dataclass(frozen=True, slots=True)
class Hand:
    """Who orders it, and when (seconds since the epoch); `reserve` gives the id of a report."""

    by: str
    now: float
    reserve: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Change:
    """`removes`: the message goes, whoever still waits."""

    records: tuple[Record, ...] = ()
    events: tuple[Event, ...] = ()
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Unneeded:
    """It is so already; `why` completes "the message …"."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It makes no sense for this message."""

    why: str


Answer = Change | Unneeded | Refused
Order = Callable[[Message, Hand], Answer]


def hold(message: Message, hand: Hand) -> Answer:
    """No queue run tries it, not even by force, until it is released."""
    if message.state.held:
        return Unneeded(f"is held by {message.state.held} already")
    return _noted(message, hand, Held(hand.now, hand.by), hand_events.held)


def release(message: Message, hand: Hand) -> Answer:
    if not message.state.held:
        return Unneeded("is not held")
    return _noted(message, hand, Released(hand.now, hand.by), hand_events.released)


def freeze(message: Message, hand: Hand) -> Answer:
    if message.state.frozen_since:
        return Unneeded("is frozen already")
    return _noted(message, hand, Frozen(hand.now, f"by {hand.by}"), hand_events.frozen)


def thaw(message: Message, hand: Hand) -> Answer:
    if not message.state.frozen:
        return Unneeded("is not frozen")
    return _noted(message, hand, Thawed(hand.now, hand.by), hand_events.thawed)


def remove(message: Message, hand: Hand) -> Answer:
    """It is not delivered to whoever still waits, and nobody is told."""
    event = hand_events.removed(message.id, message.envelope.sender, hand.by)
    return Change(events=(event,), removes=True)


def bounce(reason: str) -> Order:
    """Give it up for everybody who still waits, and tell the sender so."""
    text = f"{CANCELLED}: {reason}" if reason else CANCELLED

    def order(message: Message, hand: Hand) -> Answer:
        return _give_up(message, hand, lambda _: Failure(UNKNOWN_STATUS, text), "cancelled")

    return order


def expire(message: Message, hand: Hand) -> Answer:
    """The same, as if its time in the queue were over."""

    def why(last: str) -> Failure:
        if not last:
            return Failure(EXPIRED_STATUS, GIVEN_UP)
        found = parse_failure(f"{EXPIRED_STATUS} {last}")
        return replace(found, text=f"{GIVEN_UP}; the last error was: {found.text}")

    return _give_up(message, hand, why, "expired")


def reroute(host: str) -> Order:
    """Bring it to this host; "": by its usual way again."""

    def order(message: Message, hand: Hand) -> Answer:
        if message.state.reroute == host:
            return Unneeded(f"goes by way of {host} already" if host else "goes its usual way")
        event = hand_events.rerouted(message.id, message.envelope.sender, host, hand.by)
        return Change((Rerouted(hand.now, host, hand.by),), (event,))

    return order


@dataclass(frozen=True, slots=True)
class Edit:
    """Addresses to put in, to take out, and to put one in the place of another (old, new)."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()


def edit(wanted: Edit) -> Order:
    def order(message: Message, hand: Hand) -> Answer:
        taken: set[int] = set()
        pairs: list[tuple[int, str]] = []
        for old, new in wanted.replace:
            found = _waiting_at(old, message) - taken
            if not found:
                return Refused(f"<{old}> is nobody who still waits")
            taken |= found
            pairs += [(n, new) for n in sorted(found)]
        out: set[int] = set()
        for old in wanted.remove:
            found = _waiting_at(old, message) - taken
            if not found:
                return Refused(f"<{old}> is nobody who still waits")
            out |= found
        come = [who for who in dict.fromkeys(wanted.add) if not _waiting_at(who, message)]
        if not (pairs or out or come):
            return Unneeded("has these recipients already")
        return _edited(message, hand, pairs, sorted(out), come)

    return order


def mark_all(message: Message, hand: Hand) -> Answer:
    """Nobody waits any more, and nobody is told."""
    if not message.state.pending:
        return Unneeded("has nobody who still waits")
    return _edited(message, hand, [], list(message.state.pending), [])


def send_all_to(address: str) -> Order:
    """One recipient in the place of all who still wait."""

    def order(message: Message, hand: Hand) -> Answer:
        whom = _waiting_at(address, message)
        if set(message.state.pending) == whom:
            return Unneeded(f"is for <{address}> alone already")
        out = [n for n in message.state.pending if n not in whom]
        return _edited(message, hand, [], out, [] if whom else [address])

    return order


def _noted(
    message: Message, hand: Hand, record: Record, tell: Callable[[str, str, str], Event]
) -> Change:
    return Change((record,), (tell(message.id, message.envelope.sender, hand.by),))


def _edited(
    message: Message,
    hand: Hand,
    pairs: list[tuple[int, str]],
    out: list[int],
    new: list[str],
) -> Change:
    """A record for each that stands for another, and one for the rest; they are noted as one."""
    addresses = written(message.envelope, message.state)
    free = max(addresses) + 1
    records = []
    for n, address in pairs:
        records.append(Edited(hand.now, (n,), (free,), (address,), hand.by))
        free += 1
    if out or new:
        to = tuple(range(free, free + len(new)))
        if len(out) == len(to) == 1:  # two records, or the one would stand for the other
            records.append(Edited(hand.now, (), to, tuple(new), hand.by))
            records.append(Edited(hand.now, tuple(out), (), (), hand.by))
        else:
            records.append(Edited(hand.now, tuple(out), to, tuple(new), hand.by))
    id = message.id
    gone = (addresses[n].removeprefix(NO_FURTHER) for n in (*(n for n, _ in pairs), *out))
    come = (*(address for _, address in pairs), *new)
    events = [hand_events.recipient_added(id, address, hand.by) for address in come]
    events += [hand_events.recipient_removed(id, address, hand.by) for address in gone]
    return Change(tuple(records), tuple(events))


def _waiting_at(address: str, message: Message) -> set[int]:
    """Upper and lower case are one to whoever types."""
    addresses, wanted = written(message.envelope, message.state), address.lower()
    return {
        n for n in message.state.pending if addresses[n].removeprefix(NO_FURTHER).lower() == wanted
    }


def _give_up(message: Message, hand: Hand, why: Callable[[str], Failure], verb: str) -> Answer:
    """`why` makes a failure of the last reason for which somebody was put off."""
    envelope, state = message.envelope, message.state
    if not state.pending and not state.owed:
        return Unneeded("has nobody who still waits")
    last = dict(state.why)
    whom = addressees(state.pending, envelope, state)
    failures = {who.index: why(last.get(who.index, "")) for who in whom}
    by_teller: dict[str, list[Addressee]] = {}
    for who in whom:  # members of a list are the affair of its owner
        by_teller.setdefault(who.sender, []).append(who)
    records: list[Record] = []
    for sender, some in by_teller.items():
        is_one_told = is_told(sender or envelope.sender)
        told = [who for who in some if is_one_told and who.asked.wants_failure]
        untold = [who for who in some if not (is_one_told and who.asked.wants_failure)]
        report_id = hand.reserve() if told else ""
        for part, id in ((told, report_id), (untold, "")):
            for text, indices in _by_text(part, failures).items():
                records.append(Failed(hand.now, indices, text, id))
    if state.frozen:  # the report must go out
        records.append(Thawed(hand.now, hand.by))
    if state.held:
        records.append(Released(hand.now, hand.by))
    events = [hand_events.given_up(message.id, envelope.sender, hand.by, verb)]
    events += [_failed(who, failures[who.index], message, hand.now) for who in whom]
    return Change(tuple(records), tuple(events))


def _by_text(whom: Iterable[Addressee], failures: dict[int, Failure]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for who in whom:
        found.setdefault(str(failures[who.index]), []).append(who.index)
    return {text: tuple(indices) for text, indices in found.items()}


def _failed(who: Addressee, failure: Failure, message: Message, now: float) -> Event:
    leg = Leg(
        message.id,
        message.envelope.sender,
        who.address,
        original=who.original,
        queue=message.envelope.queue_name,
        waited=now - message.envelope.received_at,
    )
    return delivery_events.failed(leg, failure.text)
