"""When is a sender told that his message takes long, and of whom?  The option `delay_warning`.

Each time counts from the arrival of the message and is told of once; those that passed while nobody
looked are told of together.  Only of recipients of his own whom somebody has tried: the owner of a
list is not told about its members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pymta.channel.reach import Reach
from pymta.config.duration import parse_duration
from pymta.delivery.outcome import Addressee, addressees
from pymta.delivery.world import World
from pymta.mail.envelope import Envelope
from pymta.report.delay import is_automatic
from pymta.report.failure import is_told
from pymta.report.headers import header_of
from pymta.spool.outcomes import State, Warned
from pymta.spool.store import Claim
from pymta.transport.parcel import parcel_of

ROUNDING = 1.0  # seconds; whoever comes so little early is on time


def next_warning(envelope: Envelope, state: State, times: Iterable[str], after: float) -> float:
    """The first that comes after `after`, in seconds since the epoch; 0: none is to come."""
    if not any(who.asked.wants_delay for who in _whom(state.pending, envelope, state)):
        return 0.0
    moments = (envelope.received_at + parse_duration(time) for time in times)
    return min((moment for moment in moments if moment > after), default=0.0)


def warn(claim: Claim, world: World, reserve: Callable[[], str]) -> None:
    """Record who is told, once the time for it has come, whether anybody was tried now or not.

    `reserve` gives the id of the report.
    """
    if world.reach is Reach.LOCAL:  # who is far may get it in the stage that follows
        return
    envelope, state, now = claim.envelope, claim.state, world.now() + ROUNDING
    if not state.warn or now < state.warn or state.frozen or not state.pending:
        return
    late: tuple[int, ...] = ()
    if not is_automatic(header_of(parcel_of(claim, ()).content())):
        tried = _whom(dict(state.why), envelope, state)
        late = tuple(who.index for who in tried if who.asked.wants_delay)
    later = next_warning(envelope, state, world.settings.queue.delay_warning, now)
    claim.note(Warned(now, late, reserve() if late else "", later if late else 0.0))


def _whom(indices: Iterable[int], envelope: Envelope, state: State) -> Iterator[Addressee]:
    """Those of them who still wait, and have it from the sender himself."""
    if is_told(envelope.sender):
        pending = frozenset(state.pending)
        some = (n for n in indices if n in pending)
        yield from (who for who in addressees(some, envelope, state) if not who.sender)
