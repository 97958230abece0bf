"""Tell the sender: write the reports that a message owes into the spool.

The id of a report was reserved, and recorded with the failure, before the report is written.  So
an attempt that was stopped in between is seen by the next one:

    stopped                                  the next attempt
    before the failure was recorded          fails the recipient again, under a new id
    before the report was committed          writes it, under the same id
    before it was recorded as reported       finds it in the queue, and only records it

When the report was delivered and removed within that last gap, it is written twice.
"""

from __future__ import annotations

from pymta import __version__
from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.delivery.outcome import addressees
from pymta.delivery.world import World
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Bounce
from pymta.mail.envelope import NULL_SENDER, Client, Envelope, Recipient
from pymta.mail.trace import received_field
from pymta.report.dsn import Report, compose
from pymta.report.failure import Failure, parse_failure
from pymta.report.headers import header_of
from pymta.spool.outcomes import Reported
from pymta.spool.store import Claim, Seal
from pymta.transport.parcel import parcel_of

PROTOCOL = "local"


def report(claim: Claim, world: World) -> None:
    """Write every report that is owed, hand it on, and record that it is written."""
    for report_id in dict.fromkeys(failure.report_id for failure in claim.state.owed):
        if not world.spool.holds(report_id):
            _write(report_id, claim, world)
        claim.note(Reported(world.now(), report_id))
        sender = claim.envelope.sender
        # Where SMTP waits for this message, it waits for what comes of it.
        reach = Reach.NO_SMTP if world.reach is Reach.NO_SMTP else Reach.NEW
        queue = claim.envelope.queue_name
        world.hand_on(HandOn(report_id, world.destination_of(sender), reach, queue))


def _write(report_id: str, claim: Claim, world: World) -> None:
    sender = claim.envelope.sender
    now = world.now()
    report = _report(report_id, claim, world)
    message = compose(report)
    queue = claim.envelope.queue_name  # as with the classic daemon
    client = Client(protocol=PROTOCOL)
    envelope = Envelope(NULL_SENDER, (Recipient(sender),), now, client, queue_name=queue)
    intake = world.spool.begin(envelope, id=report_id)
    try:
        intake.write(message)
        intake.commit(Seal(on_top=(_received(report_id, sender, world),)))
    except BaseException:
        intake.abandon()
        raise
    size = len(message)
    bounce = Bounce(report_id, claim.id, sender, size, report.message_id, envelope.queue_name)
    world.tell(delivery_events.bounced(bounce, journal=world.settings.journal))


def _report(report_id: str, claim: Claim, world: World) -> Report:
    return Report(
        hostname=world.settings.hostname,
        id=report_id,
        about=claim.id,
        sender=claim.envelope.sender,
        date=world.date(world.now()),
        arrived=world.date(claim.envelope.received_at),
        failures=_failures(report_id, claim),
        in_place_of=_in_place_of(claim),
        header=header_of(parcel_of(claim, ()).content()),
    )


def _failures(report_id: str, claim: Claim) -> tuple[tuple[str, Failure], ...]:
    """Recipients and reasons, in the order of the envelope."""
    found = {
        index: parse_failure(failure.why)
        for failure in claim.state.owed
        if failure.report_id == report_id
        for index in failure.recipients
    }
    whom = addressees(sorted(found), claim.envelope, claim.state)
    return tuple((who.address, found[who.index]) for who in whom)


def _in_place_of(claim: Claim) -> dict[str, str]:
    """Those whom the sender does not know, and in place of whom they were to have it."""
    indices = {n for failure in claim.state.owed for n in failure.recipients}
    whom = addressees(indices, claim.envelope, claim.state)
    return {who.address: who.original for who in whom if who.original}


def _received(report_id: str, sender: str, world: World) -> str:
    return received_field(
        helo="",
        address="",
        host=world.settings.hostname,
        software=f"pymta {__version__}",
        protocol=PROTOCOL,
        id=report_id,
        recipient=sender,
        date=world.date(world.now()),
    )
