"""One group through its transport."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from pymta.config.deliver import Deliver
from pymta.config.local_transport import MAILDIR, MBOX
from pymta.delivery.outcome import Addressee, Tried
from pymta.delivery.plan import (
    Group,
    Nowhere,
    ToHosts,
    ToLmtp,
    ToMailboxes,
    ToOthers,
    ToUsers,
    Unrouted,
)
from pymta.delivery.redirect import Wish
from pymta.delivery.settle import outcome_of
from pymta.delivery.world import Hand, World
from pymta.mail.envelope import RFC822, UTF8, Recipient
from pymta.mail.international import is_international
from pymta.mail.trace import delivered_before
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.report.headers import header_of
from pymta.routing.forward_file import Wanted, parse_forward
from pymta.routing.route import (
    LOCAL_USER,
    SYSTEM_ALIASES,
    Discard,
    Expanded,
    Lmtp,
    Local,
    Remote,
    Route,
    User,
)
from pymta.routing.target import Unusable
from pymta.smtp.outgoing import Wishes
from pymta.spool.store import Claim
from pymta.transport import lmtp, remote
from pymta.transport.classify import Delivered, Later, Never, Outcome, from_error, limited
from pymta.transport.host_memory import HostMemory
from pymta.transport.local_request import Deed, Forward, Nothing
from pymta.transport.parcel import Parcel, parcel_of

SMTP = "smtp"
LOCAL = "local"
LMTP = "lmtp"
BLACKHOLE = "blackhole"
# RFC 8689 s4.2.1: only to a host that proves its name, and our client does not speak TLS yet.
_NO_TLS = Never("REQUIRETLS support required: no host is reached over TLS", "5.7.30")


@dataclass(frozen=True, slots=True)
class Carried:
    """One of the three for each recipient of the group; `onward` are to be carried yet."""

    tried: tuple[Tried, ...] = ()
    wishes: tuple[Wish, ...] = ()
    onward: tuple[tuple[Addressee, Route], ...] = ()


def carry(group: Group, claim: Claim, world: World) -> Carried:
    match group:
        case Unrouted(recipients):
            return Carried(tuple(_nowhere(who, route) for who, route in recipients))
        case ToOthers(recipients):
            return Carried(wishes=tuple(_wish(who, route) for who, route in recipients))
        case ToMailboxes(recipients):
            return Carried(tuple(_store(who, box, claim, world) for who, box in recipients))
        case ToUsers():
            return _hand_over(group, claim, world)
        case ToLmtp():
            return Carried(_send_lmtp(group, claim, world))
        case ToHosts():
            return Carried(_send(group, claim, world))


def _nowhere(who: Addressee, route: Nowhere) -> Tried:
    if isinstance(route, Discard):
        return Tried(who, Delivered(), route.router, BLACKHOLE)
    return Tried(who, outcome_of(route))


def _wish(who: Addressee, route: Expanded) -> Wish:
    targets = tuple(item.target for item in route.items)
    return Wish(who, targets, where=route.where, router=route.router, owner=route.owner)


def _store(who: Addressee, box: Local, claim: Claim, world: World) -> Tried:
    began = world.now()
    parcel = parcel_of(claim, (who.address,), *who.came)
    outcome: Outcome = Delivered()
    try:
        if not world.store(box, parcel):
            outcome = Later(0, why="message was taken over by another process")
    except OSError as error:
        outcome = from_error(error, why=f"cannot store into mailbox {box.mailbox}")
    took = world.now() - began
    transport = MBOX if box.is_mbox else MAILDIR
    return Tried(who, outcome, LOCAL, transport, box.mailbox, parcel.size, took)


def _hand_over(group: ToUsers, claim: Claim, world: World) -> Carried:
    """To system users, one after another; the message is made ready once for all of them."""
    addressees = [who for who, _ in group.recipients]
    parcel = parcel_of(claim, tuple(who.address for who in addressees), *addressees[0].came)
    tried: list[Tried] = []
    wishes: list[Wish] = []
    onward: list[tuple[Addressee, Route]] = []
    deliver = world.settings.deliver
    mailbox = MBOX if deliver.mail_spool_directory else MAILDIR

    def tell(who: Addressee, user: User, outcome: Outcome, took: float) -> Tried:
        if user.item:
            router = SYSTEM_ALIASES if user.is_alias else LOCAL_USER
            return Tried(who, outcome, router, transport_of_item(user.item), "", parcel.size, took)
        return Tried(who, outcome, LOCAL_USER, mailbox, user.account, parcel.size, took)

    try:
        been_at = delivered_before(header_of(parcel.content()))
        with world.to_users(parcel) as hand:
            for who, user in group.recipients:
                began = world.now()
                # Where it has been before it must not be sent on again: that is a circle.
                may_forward = not who.is_final and who.address.lower() not in been_at
                found = (
                    _do(hand, user, who.via[-1])
                    if user.item
                    else _hand(hand, user, who.address, deliver, may_forward=may_forward)
                )
                match found:
                    case tuple() as targets:
                        wishes.append(Wish(who, targets, user.account, router=LOCAL_USER))
                    case Lmtp() as further:
                        onward.append((who, further))
                    case outcome:
                        took = world.now() - began
                        tried.append(tell(who, user, outcome, took))
    except OSError as error:
        failed = from_error(error, why="cannot make the message ready for system users")
        rest = group.recipients[len(tried) + len(wishes) + len(onward) :]
        tried += [tell(who, user, failed, 0.0) for who, user in rest]
    return Carried(tuple(tried), tuple(wishes), tuple(onward))


def _do(hand: Hand, user: User, giver: str) -> Outcome:
    """What a .forward or an alias names besides addresses; `giver` is the address that it is of."""
    answer = hand(user.account, giver, Deed.ALIAS if user.is_alias else Deed.ITEM, user.item)
    if isinstance(answer, Nothing) and not user.lmtp:
        # He has taken it out of his file meanwhile: so the mail is for his mailbox.
        answer = hand(user.account, giver, Deed.STORE)
    if isinstance(answer, Nothing | Forward):
        return Later(0, why=f"the forward file of {user.account} does not name it any more")
    return answer


def transport_of_item(item: str) -> str:
    """The word for the log, as the classic daemon has it."""
    if item.startswith("|"):
        return "address_pipe"
    return "address_directory" if item.endswith("/") else "address_file"


def _hand(
    hand: Hand, user: User, address: str, deliver: Deliver, *, may_forward: bool
) -> Outcome | Wanted | Lmtp:
    """Where the mail is to go instead, when the user has said so, or the settings do."""
    if user.lmtp and not may_forward:
        return user.lmtp
    asks = Deed.LOOK if user.lmtp else Deed.FORWARD
    answer = hand(user.account, address, asks if may_forward else Deed.STORE)
    if isinstance(answer, Forward):
        targets = parse_forward(answer.content, deliver)
        if isinstance(targets, Unusable):
            why = f"the forward file of {user.account} cannot be used: {targets.why}"
            return Later(0, why=why)
        if targets:
            return targets
        answer = Nothing()  # an empty file says as much
    if not isinstance(answer, Nothing):
        return answer
    if user.lmtp:
        return user.lmtp
    stored = hand(user.account, address, Deed.STORE)
    assert not isinstance(stored, Forward | Nothing)  # it was not asked for
    return stored


def _send(group: ToHosts, claim: Claim, world: World) -> tuple[Tried, ...]:
    if claim.envelope.requires_tls:
        return tuple(Tried(who, _NO_TLS, group.remote.router, SMTP) for who in group.recipients)
    began = world.now()
    came = group.recipients[0].came
    parcel = parcel_of(claim, tuple(who.address for who in group.recipients), *came)
    parcel = replace(parcel, wishes=_wishes(group, claim, parcel))
    memory = world.memory.forced() if _is_over(group, claim, world) else world.memory
    found = _deliver(parcel, group.remote, memory, world)
    took = world.now() - began
    router = group.remote.router
    pairs = zip(group.recipients, found, strict=True)
    return tuple(
        Tried(who, outcome, router, SMTP, size=parcel.size, took=took) for who, outcome in pairs
    )


def _send_lmtp(group: ToLmtp, claim: Claim, world: World) -> tuple[Tried, ...]:
    """Two recipients whom the server knows by one name get one copy."""
    began = world.now()
    is_short = world.settings.routing.lmtp_local_part_only
    names = [_name_at_lmtp(who.address, is_short=is_short) for who in group.recipients]
    parcel = parcel_of(claim, tuple(dict.fromkeys(names)), *group.recipients[0].came)
    asked = dict(zip(names, (who.asked for who in group.recipients), strict=True))
    parcel = replace(parcel, wishes=_wishes_of(claim, parcel, asked))
    memory = world.memory.forced() if _is_over(group, claim, world) else world.memory
    outcomes = lmtp.deliver(parcel, group.lmtp.servers, talk=world.talk_lmtp, memory=memory)
    found = dict(zip(parcel.recipients, outcomes, strict=True))
    took = world.now() - began
    return tuple(
        Tried(who, found[name], LOCAL, LMTP, size=parcel.size, took=took)
        for who, name in zip(group.recipients, names, strict=True)
    )


def _name_at_lmtp(address: str, *, is_short: bool) -> str:
    return address.rpartition("@")[0] or address if is_short else address


def _deliver(parcel: Parcel, way: Remote, memory: HostMemory, world: World) -> tuple[Outcome, ...]:
    """Within the limits of the destination and of each host."""
    with world.throttle.at_destination(way.destination) as refusal:
        if refusal:
            return (limited(str(refusal), refusal.until),) * len(parcel.recipients)
        gate = partial(world.throttle.at_host, destination=way.destination)
        return remote.deliver(parcel, way.hosts, talk=world.talk, memory=memory, gate=gate)


def _is_over(group: ToHosts | ToLmtp, claim: Claim, world: World) -> bool:
    """Has somebody's time run out?  Nobody is given up without a last try, whatever his hosts."""
    first, now = dict(claim.state.first_deferred), world.now()
    sender = claim.envelope.sender
    return any(
        now - first[who.index] > world.rules.cutoff(Trouble(LOOKUP, who.address, sender))
        for who in group.recipients
        if who.index in first
    )


def _wishes(group: ToHosts, claim: Claim, parcel: Parcel) -> Wishes:
    """What the next host is told besides the addresses, where it understands."""
    return _wishes_of(claim, parcel, {who.address: _on_the_way(who) for who in group.recipients})


def _wishes_of(claim: Claim, parcel: Parcel, asked: dict[str, Recipient]) -> Wishes:
    envelope = claim.envelope
    is_from_owner = parcel.sender != envelope.sender  # who has given it no such name
    return Wishes(
        is_international=envelope.smtputf8 and is_international(parcel.content()),
        ret=envelope.ret,
        envid="" if is_from_owner else envelope.envid,
        asked=asked,
    )


def _on_the_way(who: Addressee) -> Recipient:
    """RFC 3461 s5.2.1: whoever changes the recipient says which one it was."""
    if who.asked.orcpt or not who.original or who.sender:
        return who.asked
    kind = RFC822 if who.original.isascii() else UTF8
    return replace(who.asked, orcpt=f"{kind};{who.original}")
