"""For which hosts does the rest of a message wait, after an attempt?  See `pymta.hints.waits`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pymta.hints.waits import HostWait
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.retry.rules import Rules
from pymta.routing.route import Remote
from pymta.spool.recipients import NO_FURTHER, written
from pymta.spool.store import Claim

ROUNDING = 1.0  # seconds; a spool may round the time of a message


def wait_of(
    claim: Claim,
    ways: Mapping[int, Remote],
    untils: Mapping[int, float],
    rules: Rules,
    generation: int,
) -> HostWait | None:
    """None: not everybody who is left goes to hosts of one destination.

    `ways` are those of the recipients whom this attempt sent to hosts, by index; `untils` say of
    some when the first of their hosts may be asked again.
    """
    id, state = claim.id, claim.state
    if not state.pending or state.owed or state.frozen or not ways.keys() >= set(state.pending):
        return None
    first = ways[state.pending[0]]
    if any(ways[n] != first for n in state.pending):
        return None
    hosts = tuple(sorted(host.key for host in first.hosts))  # equal ones come in any order
    until = min(untils.get(n, 0.0) for n in state.pending)
    return HostWait(
        id, first.destination, hosts, state.look, _wake(claim, rules), generation, until
    )


def renewed(wait: HostWait, claim: Claim, before: float, rules: Rules) -> HostWait | None:
    """The same after an attempt for which nobody was due; None: it was void before.

    `before` is when the message was to be looked at.
    """
    state = claim.state
    if abs(wait.due - before) >= ROUNDING or not state.pending or state.owed or state.frozen:
        return None
    return replace(wait, due=state.look, wake=_wake(claim, rules))


def given_up(who: str, first_deferred: float, sender: str, rules: Rules) -> float:
    """When a try for this address that fails is the last one, as far as that can be told."""
    return first_deferred + rules.cutoff(Trouble(LOOKUP, who, sender))


def _wake(claim: Claim, rules: Rules) -> float:
    """When the message must be tried whatever its hosts, or its sender be told."""
    envelope, state = claim.envelope, claim.state
    addresses, began = written(envelope, state), dict(state.first_deferred)
    due = state.due  # nobody's time begins before he is tried again
    wake = min(
        given_up(addresses[n].removeprefix(NO_FURTHER), began.get(n, due), envelope.sender, rules)
        for n in state.pending
    )
    return min(wake, state.warn) if state.warn else wake
