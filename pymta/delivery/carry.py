"""One group through its transport."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pymta.delivery.outcome import Addressee, Tried
from pymta.delivery.plan import Group, ToHosts, ToMailboxes, ToUsers, Unrouted
from pymta.delivery.redirect import Wish
from pymta.delivery.settle import outcome_of
from pymta.delivery.world import Hand, World
from pymta.mail.envelope import RFC822, UTF8, Recipient
from pymta.mail.international import is_international
from pymta.mail.trace import delivered_before
from pymta.report.headers import header_of
from pymta.routing.forward_file import parse_forward
from pymta.routing.target import Unusable, Whom
from pymta.smtp.outgoing import Wishes
from pymta.spool.store import Claim
from pymta.transport import remote
from pymta.transport.classify import Delivered, Later, Never, Outcome, from_error
from pymta.transport.local_request import Forward
from pymta.transport.parcel import Parcel, parcel_of

SMTP = "smtp"
MAILDIR = "maildir"
LOCAL = "local"
LOCAL_USER = "local_user"
# RFC 8689 s4.2.1: only to a host that proves its name, and our client does not speak TLS yet.
_NO_TLS = Never("REQUIRETLS support required: no host is reached over TLS", "5.7.30")


@dataclass(frozen=True, slots=True)
class Carried:
    """One of the two for each recipient of the group."""

    tried: tuple[Tried, ...] = ()
    wishes: tuple[Wish, ...] = ()


def carry(group: Group, claim: Claim, world: World) -> Carried:
    match group:
        case Unrouted(recipients):
            return Carried(tuple(Tried(who, outcome_of(route)) for who, route in recipients))
        case ToMailboxes(recipients):
            return Carried(tuple(_store(who, box, claim, world) for who, box in recipients))
        case ToUsers():
            return _hand_over(group, claim, world)
        case ToHosts():
            return Carried(_send(group, claim, world))


def _store(who: Addressee, mailbox: str, claim: Claim, world: World) -> Tried:
    began = world.now()
    parcel = parcel_of(claim, (who.address,), who.via)
    outcome: Outcome = Delivered()
    try:
        if not world.store(mailbox, parcel):
            outcome = Later(0, why="message was taken over by another process")
    except OSError as error:
        outcome = from_error(error, why=f"cannot store into mailbox {mailbox}")
    took = world.now() - began
    return Tried(who, outcome, LOCAL, MAILDIR, mailbox, parcel.size, took)


def _hand_over(group: ToUsers, claim: Claim, world: World) -> Carried:
    """To system users, one after another; the message is made ready once for all of them."""
    addressees = [who for who, _ in group.recipients]
    parcel = parcel_of(claim, tuple(who.address for who in addressees), addressees[0].via)
    tried: list[Tried] = []
    wishes: list[Wish] = []
    try:
        been_at = delivered_before(header_of(parcel.content()))
        with world.to_users(parcel) as hand:
            for who, account in group.recipients:
                began = world.now()
                # Where it has been before it must not be sent on again: that is a circle.
                may_forward = not who.is_final and who.address.lower() not in been_at
                found = _hand(hand, account, who.address, may_forward=may_forward)
                if isinstance(found, tuple):
                    wishes.append(Wish(who, found, account))
                else:
                    tried.append(_tried(who, account, found, parcel, world.now() - began))
    except OSError as error:
        outcome = from_error(error, why="cannot make the message ready for system users")
        rest = group.recipients[len(tried) + len(wishes) :]
        tried += [_tried(who, account, outcome, parcel, 0.0) for who, account in rest]
    return Carried(tuple(tried), tuple(wishes))


def _hand(
    hand: Hand, account: str, address: str, *, may_forward: bool
) -> Outcome | tuple[Whom, ...]:
    """Where the mail is to go instead, when the user has said so."""
    answer = hand(account, address, may_forward)
    if not isinstance(answer, Forward):
        return answer
    targets = parse_forward(answer.content)
    if isinstance(targets, Unusable):
        return Later(0, why=f"the forward file of {account} cannot be used: {targets.why}")
    if targets:
        return targets
    stored = hand(account, address, False)  # an empty file says nothing
    assert not isinstance(stored, Forward)  # it may not, this time
    return stored


def _tried(who: Addressee, account: str, outcome: Outcome, parcel: Parcel, took: float) -> Tried:
    return Tried(who, outcome, LOCAL_USER, MAILDIR, account, parcel.size, took)


def _send(group: ToHosts, claim: Claim, world: World) -> tuple[Tried, ...]:
    if claim.envelope.requires_tls:
        return tuple(Tried(who, _NO_TLS, group.remote.router, SMTP) for who in group.recipients)
    began = world.now()
    via = group.recipients[0].via
    parcel = parcel_of(claim, tuple(who.address for who in group.recipients), via)
    parcel = replace(parcel, wishes=_wishes(group, claim, parcel))
    found = remote.deliver(parcel, group.remote.hosts, talk=world.talk, memory=world.memory)
    took = world.now() - began
    router = group.remote.router
    pairs = zip(group.recipients, found, strict=True)
    return tuple(
        Tried(who, outcome, router, SMTP, size=parcel.size, took=took) for who, outcome in pairs
    )


def _wishes(group: ToHosts, claim: Claim, parcel: Parcel) -> Wishes:
    """What the next host is told besides the addresses, where it understands."""
    envelope = claim.envelope
    return Wishes(
        is_international=envelope.smtputf8 and is_international(parcel.content()),
        ret=envelope.ret,
        envid=envelope.envid,
        asked={who.address: _on_the_way(who) for who in group.recipients},
    )


def _on_the_way(who: Addressee) -> Recipient:
    """RFC 3461 s5.2.1: whoever changes the recipient says which one it was."""
    if who.asked.orcpt or not who.original:
        return who.asked
    kind = RFC822 if who.original.isascii() else UTF8
    return replace(who.asked, orcpt=f"{kind};{who.original}")
