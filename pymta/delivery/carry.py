"""One group through its transport."""

from __future__ import annotations

from pymta.delivery.outcome import Addressee, Tried
from pymta.delivery.plan import Group, ToHosts, ToMailboxes, Unrouted
from pymta.delivery.settle import outcome_of
from pymta.delivery.world import World
from pymta.spool.store import Claim
from pymta.transport import remote
from pymta.transport.classify import Delivered, Later, Outcome, from_error
from pymta.transport.parcel import parcel_of

SMTP = "smtp"
MAILDIR = "maildir"
LOCAL = "local"


def carry(group: Group, claim: Claim, world: World) -> tuple[Tried, ...]:
    """One result for each recipient of the group."""
    match group:
        case Unrouted(recipients):
            return tuple(Tried(who, outcome_of(route)) for who, route in recipients)
        case ToMailboxes(recipients):
            return tuple(_store(who, mailbox, claim, world) for who, mailbox in recipients)
        case ToHosts():
            return _send(group, claim, world)


def _store(who: Addressee, mailbox: str, claim: Claim, world: World) -> Tried:
    began = world.now()
    parcel = parcel_of(claim, (who.address,))
    outcome: Outcome = Delivered()
    try:
        if not world.store(mailbox, parcel):
            outcome = Later(0, why="message was taken over by another process")
    except OSError as error:
        outcome = from_error(error, why=f"cannot store into mailbox {mailbox}")
    took = world.now() - began
    return Tried(who, outcome, LOCAL, MAILDIR, mailbox, parcel.size, took)


def _send(group: ToHosts, claim: Claim, world: World) -> tuple[Tried, ...]:
    began = world.now()
    parcel = parcel_of(claim, tuple(who.address for who in group.recipients))
    found = remote.deliver(parcel, group.remote.hosts, talk=world.talk, memory=world.memory)
    took = world.now() - began
    router = group.remote.router
    pairs = zip(group.recipients, found, strict=True)
    return tuple(
        Tried(who, outcome, router, SMTP, size=parcel.size, took=took) for who, outcome in pairs
    )
