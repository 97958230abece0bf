"""Tell the sender: write the reports that a message owes into the spool.

The id of a report was reserved, and recorded with the failure, before the report is written.  So
an attempt that was stopped in between is seen by the next one:

    stopped                                  the next attempt
    before the failure was recorded          fails the recipient again, under a new id
    before the report was committed          writes it, under the same id
    before it was recorded as reported       finds it in the queue, and only records it

When the report was delivered and removed within that last gap, it is written twice.

What comes back whole can be sent to any host, as it is or converted; what could not, does not.

A report about a message with REQUIRETLS has that, too; where it cannot go by TLS it ends with a
line in the log, for there is nobody who could do anything about it (RFC 8689 s5).
"""

from __future__ import annotations

from dataclasses import replace

from pymta import __version__
from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.delivery.outcome import Addressee, addressees
from pymta.delivery.waits import given_up
from pymta.delivery.world import World
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Bounce
from pymta.mail.envelope import NEVER, NULL_SENDER, Client, Envelope, Recipient
from pymta.mail.trace import received_field
from pymta.report.delay import delay
from pymta.report.dsn import Report, compose
from pymta.report.returned import Returned, returned
from pymta.report.told import Told, told
from pymta.spool.outcomes import DELAYED, FAILED, Owed, Reported
from pymta.spool.store import Claim, Seal
from pymta.transport.downgrade import UnfitError, plan
from pymta.transport.parcel import parcel_of

PROTOCOL = "local"
FULL = "FULL"  # RFC 3461 s4.3


def report(claim: Claim, world: World) -> None:
    """Write every report that is owed, hand it on, and record that it is written."""
    for report_id in dict.fromkeys(owed.report_id for owed in claim.state.owed):
        if not _told(report_id, claim, world):  # of delay, and who was late has got it now
            claim.note(Reported(world.now(), report_id))
            continue
        if not world.spool.holds(report_id):
            _write(report_id, claim, world)
        sender = _whom(report_id, claim)  # once it is reported, the claim knows no more of it
        claim.note(Reported(world.now(), report_id))
        # Where SMTP waits for this message, it waits for what comes of it.
        reach = Reach.NO_SMTP if world.reach is Reach.NO_SMTP else Reach.NEW
        queue = claim.envelope.queue_name
        world.hand_on(HandOn(report_id, world.destination_of(sender), reach, queue))


def _whom(report_id: str, claim: Claim) -> str:
    """The sender, or the owner of a list, for what became of those on it."""
    told = (one.recipients for one in claim.state.owed if one.report_id == report_id)
    whom = addressees((n for some in told for n in some), claim.envelope, claim.state)
    return next((who.sender for who in whom if who.sender), claim.envelope.sender)


def _write(report_id: str, claim: Claim, world: World) -> None:
    sender = _whom(report_id, claim)
    now = world.now()
    report = _report(report_id, sender, claim, world)
    message = compose(report)
    if report.returned.is_whole and not report.in_utf8 and not _fits_everywhere(message, world):
        report = replace(report, returned=_returned(claim, 0))
        message = compose(report)
    queue = claim.envelope.queue_name  # as with the classic daemon
    client = Client(protocol=PROTOCOL)
    envelope = Envelope(
        NULL_SENDER,
        (Recipient(sender, (NEVER,) if claim.envelope.requires_tls else ()),),
        now,
        client,
        body="7BIT" if message.isascii() else "8BITMIME",
        queue_name=queue,
        smtputf8=report.in_utf8,
        requires_tls=claim.envelope.requires_tls,
    )
    intake = world.spool.begin(envelope, id=report_id)
    try:
        intake.write(message)
        eight_bit = not message.isascii()
        intake.commit(Seal(on_top=(_received(report_id, sender, world),), eight_bit=eight_bit))
    except BaseException:
        intake.abandon()
        raise
    size = len(message)
    bounce = Bounce(report_id, claim.id, sender, size, report.message_id, envelope.queue_name)
    world.tell(delivery_events.bounced(bounce, journal=world.settings.journal))


def _report(report_id: str, sender: str, claim: Claim, world: World) -> Report:
    told = _told(report_id, claim, world)
    envelope = claim.envelope
    is_his = sender == envelope.sender  # and not that of a list, who has not asked for anything
    may_be_whole = is_his and envelope.ret == FULL and not envelope.requires_tls  # RFC 8689 s5
    is_whole = may_be_whole and any(one.action == FAILED for one in told)
    most = world.settings.queue.bounce_return_size_limit if is_whole else 0
    report = Report(
        hostname=world.settings.hostname,
        id=report_id,
        about=claim.id,
        sender=sender,
        date=world.date(world.now()),
        arrived=world.date(envelope.received_at),
        told=told,
        returned=_returned(claim, most),
        envid=envelope.envid if is_his else "",
        about_message_id=claim.seal.message_id,
    )
    return replace(report, words=world.words_of(report.action))


def _returned(claim: Claim, most: int) -> Returned:
    """The message, with at most so many octets, or its header."""
    content = parcel_of(claim, ()).content()
    return returned(content, most=most, smtputf8=claim.envelope.smtputf8)


def _fits_everywhere(message: bytes, world: World) -> bool:
    """Can a host without 8BITMIME have it?  A report that cannot be sent tells nobody anything."""
    if message.isascii():
        return True
    if not world.settings.transport.mime_output_conversion:
        return False
    try:
        plan([message], takes_eight_bit=False)
    except UnfitError:
        return False
    return True


def _told(report_id: str, claim: Claim, world: World) -> tuple[Told, ...]:
    """What is told of each recipient, in the order of the envelope."""
    pending = frozenset(claim.state.pending)
    found = {
        index: owed
        for owed in claim.state.owed
        if owed.report_id == report_id
        for index in owed.recipients
        if owed.action != DELAYED or index in pending
    }
    whom = addressees(sorted(found), claim.envelope, claim.state)
    reasons, began = dict(claim.state.why), dict(claim.state.first_deferred)
    some: list[Told] = []
    for who in whom:
        owed = found[who.index]
        if owed.action != DELAYED:
            some.append(_one(who, owed))
            continue
        one = _one(who, replace(owed, line=str(delay(reasons.get(who.index, "")))))
        if who.index in began:  # of others nobody knows: limits of our own were in the way
            first, sender = began[who.index], claim.envelope.sender
            end = given_up(who.address, first, sender, world.rules)
            one = replace(one, until=world.date(end))
        some.append(one)
    return tuple(some)


def _one(who: Addressee, owed: Owed) -> Told:
    # A command is no address: the sender is told of whoever has named it.
    address = who.via[-1] if who.is_item else who.address
    return told(address, owed.action, owed.line, who.asked.orcpt, who.original)


def _received(report_id: str, sender: str, world: World) -> str:
    return received_field(
        helo="",
        address="",
        host=world.settings.hostname,
        software=f"pymta {__version__}",
        protocol=PROTOCOL,
        id=report_id,
        recipient=sender if sender.isascii() else "",
        date=world.date(world.now()),
    )
