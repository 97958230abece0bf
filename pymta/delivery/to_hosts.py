"""One group to another host: on what terms, and what it is told besides the addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from pymta.delivery.outcome import Addressee, Tried
from pymta.delivery.plan import ToHosts
from pymta.delivery.world import World
from pymta.mail.envelope import RFC822, UTF8, Recipient
from pymta.mail.host import Host
from pymta.mail.international import is_international
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.routing.route import Remote
from pymta.smtp.outgoing import Wishes
from pymta.spool.store import Claim
from pymta.tables.table import Unsure as NoSecret
from pymta.transport import remote
from pymta.transport.classify import Later, Outcome, limited
from pymta.transport.parcel import Parcel, parcel_of
from pymta.transport.terms import Terms
from pymta.transport.tls_need import Unsure, Wish, of_message

SMTP = "smtp"


def send(
    group: ToHosts, claim: Claim, world: World
) -> tuple[tuple[Tried, ...], tuple[Addressee, ...]]:
    """What came of it, and those whom the host takes in another transaction only."""
    began = world.now()
    came = group.recipients[0].came
    parcel = parcel_of(claim, tuple(who.address for who in group.recipients), *came)
    signed, found = _sender(group, claim, world), tuple[Outcome | None, ...]()
    if isinstance(signed, NoSecret):
        found, signed = (Later(0, why=signed.why),) * len(parcel.recipients), ""
    else:
        wishes = _wishes(group, claim, parcel)
        found = _deliver(replace(parcel, wishes=wishes, sender_of_ours=signed), group, claim, world)
    took = world.now() - began
    router = group.remote.router
    pairs = tuple(zip(group.recipients, found, strict=True))
    tried = tuple(
        Tried(who, outcome, router, SMTP, size=parcel.size, took=took, return_path=signed)
        for who, outcome in pairs
        if outcome is not None
    )
    return tried, tuple(who for who, outcome in pairs if outcome is None)


def _sender(group: ToHosts, claim: Claim, world: World) -> str | NoSecret:
    """The sender of ours with whom it is sent on, "" where he stays who he is."""
    sender = claim.envelope.sender
    found = world.sender_of_ours(sender) if group.is_sent_on and sender else ""
    return "" if found == sender else found


def _deliver(
    parcel: Parcel, group: ToHosts, claim: Claim, world: World
) -> tuple[Outcome | None, ...]:
    """Within the limits of the destination and of each host."""
    way = group.remote
    memory = world.memory
    if is_past_cutoff(group.recipients, claim, world):
        memory = memory.for_last_try()

    with world.throttle.at_destination(way.destination) as refusal:
        if refusal:
            return (limited(str(refusal), refusal.until),) * len(parcel.recipients)
        gate = partial(world.throttle.at_host, destination=way.destination)
        return remote.deliver(
            parcel,
            way.hosts,
            talk=world.talk,
            terms_of=partial(terms_for, _wish(claim), way=way, world=world),
            memory=memory,
            gate=gate,
        )


def is_past_cutoff(recipients: Iterable[Addressee], claim: Claim, world: World) -> bool:
    """Has somebody's time run out?  Nobody is given up without a last try, as long as one of his
    hosts is still within its own time.
    """
    first, now = dict(claim.state.first_deferred), world.now()
    if not first:
        return False
    sender = claim.envelope.sender
    return any(
        now - first[who.index] > world.rules.cutoff(Trouble(LOOKUP, who.address, sender))
        for who in recipients
        if who.index in first
    )


def _wish(claim: Claim) -> Wish:
    return Wish(claim.envelope.requires_tls, claim.seal.tls_optional)


def terms_for(wish: Wish, host: Host, way: Remote, world: World) -> Terms | Unsure:
    """The terms of a host, for a message whose sender has this wish."""
    terms = world.terms_of(way, host, wish.waives)
    if isinstance(terms, Unsure):
        return terms
    need = of_message(terms.need, wish)
    if isinstance(need, Unsure):
        return need
    return terms if need is terms.need else replace(terms, need=need)


def _wishes(group: ToHosts, claim: Claim, parcel: Parcel) -> Wishes:
    """What the next host is told besides the addresses, where it understands."""
    wishes = wishes_of(claim, parcel, {who.address: _on_the_way(who) for who in group.recipients})
    return replace(wishes, requires_tls=True) if claim.envelope.requires_tls else wishes


def wishes_of(claim: Claim, parcel: Parcel, asked: dict[str, Recipient]) -> Wishes:
    """`asked` is by the address under which the next server knows somebody."""
    envelope = claim.envelope
    # To members of a list nothing goes on of what its sender wished (RFC 3461 s5.2.7.1).
    is_from_owner = parcel.sender != envelope.sender
    return Wishes(
        is_international=envelope.smtputf8 and is_international(parcel.content()),
        ret="" if is_from_owner else envelope.ret,
        envid="" if is_from_owner else envelope.envid,
        asked=asked,
    )


def _on_the_way(who: Addressee) -> Recipient:
    """RFC 3461 s5.2.1: whoever changes the recipient says which one it was."""
    if who.asked.orcpt or not who.original or who.sender:
        return who.asked
    kind = RFC822 if who.original.isascii() else UTF8
    return replace(who.asked, orcpt=f"{kind};{who.original}")
