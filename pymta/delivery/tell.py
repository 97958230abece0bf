"""What the log hears of one group: a line for each recipient."""

from __future__ import annotations

from collections.abc import Callable

from pymta.delivery.outcome import Tried
from pymta.delivery.settle import GIVEN_UP, Settlement
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Leg
from pymta.journal.event import Event
from pymta.mail.host import Host
from pymta.spool.store import Claim
from pymta.transport.classify import Delivered, Later

Tell = Callable[[Event], None]


def what_happened(settlement: Settlement, claim: Claim, tell: Tell) -> None:
    """Delivered, failed, put off; an expired recipient has both a last reason and the end."""
    served: set[Host] = set()
    for tried in settlement.delivered:
        _delivered(tried, claim, tell, served)
    for given in settlement.given:
        leg = _leg(given.tried, claim)
        if given.is_expired:
            _deferred(given.tried, leg, tell)
            tell(delivery_events.failed(leg, GIVEN_UP))
        else:
            tell(delivery_events.failed(leg, given.failure.text))
    for due in settlement.due:
        _deferred(due.tried, _leg(due.tried, claim), tell)


def _delivered(tried: Tried, claim: Claim, tell: Tell, served: set[Host]) -> None:
    """A host that has taken the message once took it for the others in the same transaction."""
    assert isinstance(tried.outcome, Delivered)
    host = tried.outcome.host
    is_further = host in served
    if host is not None:
        served.add(host)
    tell(
        delivery_events.delivered(
            _leg(tried, claim), tried.outcome.confirmation, is_further=is_further
        )
    )


def _deferred(tried: Tried, leg: Leg, tell: Tell) -> None:
    assert isinstance(tried.outcome, Later)
    tell(
        delivery_events.deferred(leg, tried.outcome.number, tried.outcome.error, tried.outcome.why)
    )


def _leg(tried: Tried, claim: Claim) -> Leg:
    return Leg(
        id=claim.id,
        sender=claim.envelope.sender,
        recipient=tried.addressee.address,
        router=tried.router,
        transport=tried.transport,
        host=tried.outcome.host,
        mailbox=tried.mailbox,
    )
