"""Hosts in order, until every recipient is settled (RFC 5321 s5.1).

A recipient is settled when a host took the message for it, refused it for good, or was silent
after the final dot: that host may have it, and another would deliver it twice.  Who was put off,
by a 4xx or by trouble with the host, is offered to the next host.  What is left after the last
one waits, with the latest reason.

A host that failed lately is passed over.  When no host was asked at all, the message waits until
the first of them may be.  Once all of them have failed for longer than the retry rules go on, who
is left will not be served by waiting, and the outcome says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace

from pymta.dataclass import dataclass
from pymta.mail.host import Host
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.mail.waiting import Crowded, TooFast
from pymta.smtp.client_words import Result
from pymta.transport.classify import (
    NO_TIME_YET,
    ROUTING,
    Connection,
    Delivered,
    Later,
    Never,
    Outcome,
    Remembered,
    from_result,
    is_about_host,
    is_about_terms,
    is_without_requiretls,
    limited,
    may_have_it,
    too_early,
)
from pymta.transport.host_memory import HostMemory
from pymta.transport.parcel import Parcel
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Unsure

# Hosts asked in one attempt.  With silent hosts each costs a connect time-out, and a worker's
# place is kept from other mail meanwhile; the rest has its turn at the next attempt's shuffle.
MOST_ASKED = 5


# RFC 8689 s4.2.1, s5
NO_REQUIRETLS = Never("REQUIRETLS support required: no host of the destination offers it", "5.7.30")


@dataclass(frozen=True, slots=True)
class Heard:
    """One host's answer for each recipient; `number` and `error` tell what broke the connection.

    They are fewer than the recipients where it does not take so many at once: the first of them.
    """

    results: tuple[Result, ...]
    number: int = 0
    error: str = ""
    connection: Connection | None = None


Talk = Callable[[Host, Parcel, Terms], Heard | Later]  # Later: no connection
TermsOf = Callable[[Host], Terms | Unsure]
# Asked before a host is: why it may not be, or None; while the context lasts it counts.
Gate = Callable[[Host], AbstractContextManager[Crowded | TooFast | None]]


def _open(_host: Host) -> AbstractContextManager[None]:
    return nullcontext()


def deliver(
    parcel: Parcel,
    hosts: tuple[Host, ...],
    *,
    talk: Talk,
    terms_of: TermsOf,
    memory: HostMemory,
    gate: Gate = _open,
) -> tuple[Outcome | None, ...]:
    """One outcome for each recipient, in their order; None: not asked about yet, since a host
    does not take so many at once.  They are for another call, at once; there are never only such.
    """
    so_far = _SoFar(parcel.recipients)
    for host in hosts:
        if not so_far.left or so_far.asked == MOST_ASKED:
            break
        terms = terms_of(host)
        if isinstance(terms, Unsure):
            so_far.unsure(host, terms)
            continue
        known = so_far.memories[host] = memory.on(terms.key)
        if until := known.wait_until(host):
            so_far.waiting.append(until)
            continue
        with gate(host) as refusal:
            if refusal:
                so_far.refusals.append(refusal)
            else:
                rest = parcel
                if so_far.left != parcel.recipients:
                    rest = replace(parcel, recipients=so_far.left)
                so_far.settle(_ask(rest, host, terms, talk, known))
    so_far.conclude(hosts, memory)
    return tuple(so_far.outcomes.get(recipient) for recipient in parcel.recipients)


@dataclass(frozen=True, slots=True)
class _Settled:
    outcomes: dict[str, Outcome]
    left: tuple[str, ...]
    lacks_requiretls: bool = False


@dataclass(slots=True)
class _SoFar:
    """`left` are those whom no host has settled, `asked` and `lacking` are numbers of hosts.

    `waiting` says when the others may be asked that failed lately, `refusals` why some may not be.
    `memories` are on the terms of each host.
    """

    left: tuple[str, ...]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    asked: int = 0
    lacking: int = 0  # they have no REQUIRETLS
    waiting: list[float] = field(default_factory=list)
    refusals: list[Crowded | TooFast] = field(default_factory=list)
    memories: dict[Host, HostMemory] = field(default_factory=dict)

    def unsure(self, host: Host, terms: Unsure) -> None:
        self.asked += 1
        self.lacking += terms.lacks_requiretls
        self._for_the_rest(Later(ROUTING, why=terms.why, host=host, cause=LOOKUP))

    def settle(self, settled: _Settled) -> None:
        self.asked += 1
        self.lacking += settled.lacks_requiretls
        self.outcomes |= settled.outcomes
        self.left = settled.left

    def conclude(self, hosts: tuple[Host, ...], memory: HostMemory) -> None:
        """What all the hosts together mean for who is left."""
        if not self.asked:
            self._for_the_rest(self._nobody_asked())
        if hosts and self.lacking == len(hosts):
            self._for_the_rest(NO_REQUIRETLS)
        elif hosts:
            each = [(host, self.memories.get(host, memory)) for host in hosts]
            self.outcomes |= {w: _in_the_long_run(self.outcomes[w], each) for w in self.left}

    def _nobody_asked(self) -> Later:
        if self.refusals:
            first = min(self.refusals, key=lambda refusal: refusal.until)
            return limited(str(first), first.until)
        return too_early(min(self.waiting, default=0.0))

    def _for_the_rest(self, outcome: Outcome) -> None:
        self.outcomes |= dict.fromkeys(self.left, outcome)


def _ask(parcel: Parcel, host: Host, terms: Terms, talk: Talk, memory: HostMemory) -> _Settled:
    heard = talk(host, parcel, terms)
    if isinstance(heard, Later):
        memory.failed(host, heard.text, _trouble(heard, parcel))
        return _Settled(dict.fromkeys(parcel.recipients, heard), parcel.recipients)
    pairs = list(zip(parcel.recipients, heard.results, strict=False))
    outcomes = {
        who: from_result(r, host, heard.number, heard.error, connection=heard.connection)
        for who, r in pairs
    }
    result, first = heard.results[0], outcomes[parcel.recipients[0]]
    if is_about_host(result) and isinstance(first, Later):
        trouble = _trouble(first, parcel)
        memory.failed(host, first.text, trouble, is_about_terms=is_about_terms(result))
    elif not (heard.connection and heard.connection.is_reused):  # with its first message it was
        memory.reached(host)
    left = tuple(who for who, r in pairs if not _is_settled(outcomes[who], r))
    return _Settled(outcomes, left, is_without_requiretls(result))


def _is_settled(outcome: Outcome, result: Result) -> bool:
    return isinstance(outcome, (Delivered, Never)) or may_have_it(result)


def _trouble(later: Later, parcel: Parcel) -> Trouble:
    return Trouble(later.cause, parcel.recipients[0], parcel.sender, later.host)


def _in_the_long_run(outcome: Outcome, hosts: list[tuple[Host, HostMemory]]) -> Outcome:
    """With what all the hosts together mean for who is left."""
    if not isinstance(outcome, Later):
        return outcome
    waits = [memory.wait_until(host) for host, memory in hosts]
    if all(waits):
        outcome = replace(outcome, not_before=min(waits))
    host, memory = hosts[0]
    hint = memory.hint(host)
    if outcome.number == NO_TIME_YET and hint:
        outcome = replace(outcome, remembered=Remembered(host, hint.why))
    if not all(memory.is_hopeless(host) for host, memory in hosts):
        return outcome
    if outcome.number == NO_TIME_YET:
        outcome = replace(outcome, why=_last_words(*hosts[0]))
    return replace(outcome, is_hopeless=True)


def _last_words(host: Host, memory: HostMemory) -> str:
    """For the sender, of a host that nobody asks now."""
    hint = memory.hint(host)
    words = "retry time not reached for any host after a long failure period"
    return f"{words}; the last error of {host} was: {hint.why}" if hint else words
