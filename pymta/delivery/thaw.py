"""A frozen message that an attempt meets: does it stay so?  See `pymta.retry.frozen`."""

from __future__ import annotations

from pymta.delivery.outcome import Tried, addressees
from pymta.delivery.settle import EXPIRED_STATUS
from pymta.delivery.world import World
from pymta.journal import delivery_events
from pymta.retry.frozen import End, end_now, ends_of
from pymta.spool.outcomes import Frozen, Thawed
from pymta.spool.store import Claim
from pymta.transport.classify import Never

OPTION = "timeout_frozen_after"
CANCELLED = f"delivery cancelled: the message was frozen for too long ({OPTION})"


def thaw(claim: Claim, world: World) -> tuple[Tried, ...] | None:
    """What is to be settled before it is tried; None: it stays frozen, and nothing is to be done.

    Only force that means it moves it, or the end of its time.  What is given up stays frozen, so
    that nobody tries it when we are stopped before that is recorded.
    """
    envelope, state, now = claim.envelope, claim.state, world.now()
    if not state.pending:  # the attempt before gave it up, and came no further
        return ()
    end = end_now(ends_of(envelope, state, world.settings.queue), now)
    if world.thaw:
        return _thawed(claim, world, "forced delivery")
    if end is End.CANCEL:
        world.tell(delivery_events.cancelled(claim.id, envelope.sender, OPTION))
        why = Never(CANCELLED, EXPIRED_STATUS)
        return tuple(Tried(who, why) for who in addressees(state.pending, envelope, state))
    if end is not None:
        return _thawed(claim, world, "errmsg timer" if end is End.LAST_TRY else "auto-thaw")
    if not state.frozen_since:  # from now on its time says so, and no run takes it
        claim.note(Frozen(now, state.frozen))
    world.tell(delivery_events.is_frozen(claim.id, envelope.sender))
    return () if state.owed else None


def _thawed(claim: Claim, world: World, by: str) -> tuple[Tried, ...]:
    claim.note(Thawed(world.now()))
    world.tell(delivery_events.thawed(claim.id, claim.envelope.sender, by))
    return ()
