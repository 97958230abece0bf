"""One group through its transport."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

from pymta.config.deliver import Deliver
from pymta.config.local_transport import MAILDIR, MBOX
from pymta.dataclass import dataclass
from pymta.delivery.outcome import LMTP, Addressee, Tried
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
from pymta.delivery.to_hosts import is_past_cutoff, send, wishes_of
from pymta.delivery.world import Throttle, World
from pymta.mail.trace import delivered_before
from pymta.report.headers import header_of
from pymta.routing.forward_file import Wanted, parse_forward
from pymta.routing.route import (
    LOCAL_USER,
    SYSTEM_ALIASES,
    Discard,
    Expanded,
    Lmtp,
    Local,
    Route,
    User,
)
from pymta.routing.target import Unusable
from pymta.spool.store import Claim
from pymta.transport import lmtp
from pymta.transport.classify import Delivered, Later, Outcome, from_error, limited
from pymta.transport.hand import Hand
from pymta.transport.local_request import Deed, Forward, Nothing
from pymta.transport.parcel import parcel_of

LOCAL = "local"
BLACKHOLE = "blackhole"


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
            tried, left = send(group, claim, world)
            return Carried(tried, onward=tuple((who, group.remote) for who in left))


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
                    _do(hand, user, who.via[-1], world.throttle)
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


def _do(hand: Hand, user: User, giver: str, throttle: Throttle) -> Outcome:
    """What a .forward or an alias names besides addresses; `giver` is the address that it is of."""
    is_command = user.item.startswith("|")
    with throttle.at_command(user.account) if is_command else nullcontext() as refusal:
        if refusal:
            return limited(str(refusal), refusal.until)
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


def _send_lmtp(group: ToLmtp, claim: Claim, world: World) -> tuple[Tried, ...]:
    """Two recipients whom the server knows by one name get one copy."""
    began = world.now()
    is_short = world.settings.routing.lmtp_local_part_only
    names = [_name_at_lmtp(who.address, is_short=is_short) for who in group.recipients]
    parcel = parcel_of(claim, tuple(dict.fromkeys(names)), *group.recipients[0].came)
    asked = dict(zip(names, (who.asked for who in group.recipients), strict=True))
    parcel = replace(parcel, wishes=wishes_of(claim, parcel, asked))
    memory = (
        world.memory.for_last_try()
        if is_past_cutoff(group.recipients, claim, world)
        else world.memory
    )
    outcomes = lmtp.deliver(
        parcel,
        group.lmtp.servers,
        talk=world.talk_lmtp,
        memory=memory,
        gate=world.throttle.at_server,
    )
    found = dict(zip(parcel.recipients, outcomes, strict=True))
    took = world.now() - began
    return tuple(
        Tried(who, found[name], LOCAL, LMTP, size=parcel.size, took=took)
        for who, name in zip(group.recipients, names, strict=True)
    )


def _name_at_lmtp(address: str, *, is_short: bool) -> str:
    return address.rpartition("@")[0] or address if is_short else address
