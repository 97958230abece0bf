"""For which hosts does the rest of a message wait, after an attempt?  See `pymta.hints.waits`."""

from __future__ import annotations

from collections.abc import Mapping

from pymta.hints.waits import HostWait
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.retry.rules import Rules
from pymta.routing.route import Remote
from pymta.spool.recipients import NO_FURTHER, written
from pymta.spool.store import Claim


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
    id, envelope, state = claim.id, claim.envelope, claim.state
    if not state.pending or state.owed or state.frozen or not ways.keys() >= set(state.pending):
        return None
    first = ways[state.pending[0]]
    if any(ways[n] != first for n in state.pending):
        return None
    addresses, began = written(envelope, state), dict(state.first_deferred)
    wake = min(  # nobody's time begins before he is tried again
        began.get(n, state.due)
        + rules.cutoff(Trouble(LOOKUP, addresses[n].removeprefix(NO_FURTHER), envelope.sender))
        for n in state.pending
    )
    hosts = tuple(sorted(host.key for host in first.hosts))  # equal ones come in any order
    until = min(untils.get(n, 0.0) for n in state.pending)
    return HostWait(id, first.destination, hosts, state.due, wake, generation, until)
