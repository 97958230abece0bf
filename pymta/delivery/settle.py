"""From outcomes to what is recorded, what is told, and when the rest is tried again.

    Delivered                       recorded
    Never                           recorded, and a report is owed to the sender
    Later, within the schedule      recorded as put off, due when the schedule says
    Later, past its end             as Never, with "retry timeout exceeded"
    Later, for limits of our own    recorded as put off, and never given up for that
    a failure of a message with     nothing is recorded for it: the message is frozen, because
      the null sender               nobody can be told (RFC 5321 s6.1); it is recorded and gone
                                    where the message has been there for long (`retry.frozen`)

The schedule counts from the first time that this recipient was put off, for other reasons than
limits of our own; of hosts, from their first failure (`pymta.transport.host_memory`).
"""

from __future__ import annotations

from collections.abc import Iterable

from pymta.dataclass import dataclass
from pymta.delivery.outcome import LMTP, Tried
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.report.failure import GIVEN_UP, Failure
from pymta.retry.rules import Rules
from pymta.routing.route import Defer, Fail
from pymta.spool import outcomes
from pymta.spool.outcomes import Record, State
from pymta.transport.classify import ROUTING, Delivered, Later, Never, Outcome

EXPIRED_STATUS = "4.4.7"  # RFC 3463 s3.5: delivery time expired


@dataclass(frozen=True, slots=True)
class Given:
    """`failure` is final for this recipient; with `is_expired` only because time is up."""

    tried: Tried
    failure: Failure
    is_expired: bool = False

    @property
    def is_wanted(self) -> bool:
        """Does the sender want to be told?  (RFC 3461 s4.1)"""
        return self.tried.addressee.asked.wants_failure


@dataclass(frozen=True, slots=True)
class Due:
    """To be tried again, not before `due` (seconds since the epoch); `is_limited` as in `Later`."""

    tried: Tried
    due: float
    why: str
    is_limited: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everybody of one group, sorted by what follows."""

    delivered: tuple[Tried, ...] = ()
    given: tuple[Given, ...] = ()
    due: tuple[Due, ...] = ()

    def by_sender(self) -> dict[str, Settlement]:
        """What is final, apart for each who is told of it; "" is the sender of the message."""
        senders = dict.fromkeys(tried.addressee.sender for tried in self.final)
        return {
            sender: Settlement(
                tuple(one for one in self.delivered if one.addressee.sender == sender),
                tuple(one for one in self.given if one.tried.addressee.sender == sender),
            )
            for sender in senders
        }

    @property
    def final(self) -> tuple[Tried, ...]:
        return (*self.delivered, *(one.tried for one in self.given))


def outcome_of(route: Fail | Defer) -> Outcome:
    """A recipient without a route has its outcome already."""
    match route:
        case Fail(text, enhanced):
            return Never(text, enhanced)
        case Defer(why):
            return Later(ROUTING, why=why, cause=LOOKUP)


def settle(
    tried: Iterable[Tried], state: State, rules: Rules, now: float, sender: str = ""
) -> Settlement:
    """Sort out one group at `now`, in seconds since the epoch.

    A recipient has a clock of his own, which began when he was first put off; it is what counts for
    trouble with the message or with him.  Trouble with hosts has theirs: where all of them are past
    their time, the first try of a message may be its last.
    """
    first_deferred = dict(state.first_deferred)
    delivered: list[Tried] = []
    given: list[Given] = []
    due: list[Due] = []
    for one in tried:
        match one.outcome:
            case Delivered():
                delivered.append(one)
            case Never(why, enhanced, host):
                given.append(Given(one, Failure(enhanced, why, str(host or ""))))
            case Later(is_limited=True) as later:
                free = max(later.not_before, now)  # when there is room again
                due.append(Due(one, free, later.text, is_limited=True))
            case Later() as later:
                first = first_deferred.get(one.addressee.index, now)
                # The try before is not remembered: `now` says so to the schedule.
                trouble = Trouble(later.cause, one.addressee.address, sender, later.host)
                again = rules.next_try(trouble, first, now, now)
                if again is None or later.is_hopeless:
                    given.append(Given(one, _expired(later), is_expired=True))
                else:
                    last = first + rules.cutoff(trouble) + 1  # when it may be given up
                    due.append(Due(one, _earliest(later, again, last, now), _why(later)))
    return Settlement(tuple(delivered), tuple(given), tuple(due))


def records_of_final(
    settlement: Settlement,
    now: float,
    report_id: str,
    success_id: str = "",
    *,
    ignores: bool = False,
) -> tuple[Record, ...]:
    """What must be on disk before anything else is tried.

    `report_id` is that of the report about failures, "" where nobody can be told: then those are
    not recorded of whom the sender must know, unless it `ignores` that.  `success_id` is for
    deliveries that he wants to know of.
    """
    records: list[Record] = []
    told = [one for one in settlement.delivered if success_id and is_report_wanted(one)]
    rest = [one for one in settlement.delivered if not (success_id and is_report_wanted(one))]
    for how, indices in _by_text((_how(one), one) for one in told).items():
        records.append(outcomes.Delivered(now, indices, how, success_id))
    if rest:
        indices = tuple(one.addressee.index for one in rest)
        records.append(outcomes.Delivered(now, indices, _how(rest[0])))
    wanted = [given for given in settlement.given if given.is_wanted]
    unwanted = [given for given in settlement.given if not given.is_wanted]
    for some, id in ((wanted, report_id), (unwanted, "")):
        if some is wanted and not report_id and not ignores:
            continue
        for why, indices in _by_text((str(g.failure), g.tried) for g in some).items():
            records.append(outcomes.Failed(now, indices, why, id))
    return tuple(records)


def is_report_wanted(tried: Tried) -> bool:
    """Of a delivery: asked for, and not by now the next host's affair (RFC 3461 s5.2)."""
    passed_on = isinstance(tried.outcome, Delivered) and tried.outcome.is_passed_on
    return tried.addressee.asked.wants_success and not passed_on


def records_of_deferral(due: Iterable[Due], now: float, warn: float = 0.0) -> tuple[Record, ...]:
    """What may be recorded last: when it is lost, somebody is only tried too early.

    `warn` is when the sender is to be told that it takes long, 0 for never.
    """
    by_due: dict[tuple[float, str, bool], list[int]] = {}
    for one in due:
        key = one.due, one.why, one.is_limited
        by_due.setdefault(key, []).append(one.tried.addressee.index)
    return tuple(
        outcomes.Deferred(now, tuple(indices), again, why, is_limited, warn)
        for (again, why, is_limited), indices in by_due.items()
    )


def _expired(later: Later) -> Failure:
    host, why = _last_word(later)
    return Failure(EXPIRED_STATUS, f"{GIVEN_UP}; the last error was: {why}", host)


def _earliest(later: Later, again: float, last: float, now: float) -> float:
    """Where all hosts are to be left alone, no try before their time makes sense.

    But he is not kept beyond `last` for that.
    """
    if later.not_before <= now:
        return again
    return min(later.not_before, max(last, now))


def _why(later: Later) -> str:
    host, why = _last_word(later)
    return f"H={host}: {why}" if host else why


def _last_word(later: Later) -> tuple[str, str]:
    """A host, "" for none, and the reason: where nobody was asked now, that of the last time.

    Whoever reads it, a sender or an operator, wants to know what is wrong.
    """
    if later.remembered:
        return str(later.remembered.host), later.remembered.why
    return str(later.host or ""), later.text


def _how(tried: Tried) -> str:
    """An LMTP server has put it into the mailbox, and passes nothing on (RFC 2033)."""
    is_kept = tried.transport == LMTP
    if isinstance(tried.outcome, Delivered) and tried.outcome.host and not is_kept:
        return f"H={tried.outcome.host}"
    return f"T={tried.transport}"


def _by_text(pairs: Iterable[tuple[str, Tried]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for text, tried in pairs:
        found.setdefault(text, []).append(tried.addressee.index)
    return {text: tuple(indices) for text, indices in found.items()}
