"""What the log hears of one group: a line for each recipient."""

from __future__ import annotations

from collections.abc import Sequence

from pymta.delivery.outcome import Tried
from pymta.delivery.redirect import Wish
from pymta.delivery.settle import Settlement
from pymta.delivery.world import World
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Leg
from pymta.mail.host import Host
from pymta.report.failure import GIVEN_UP
from pymta.spool.store import Claim
from pymta.transport.classify import Delivered, Later


def what_happened(settlement: Settlement, claim: Claim, world: World, now: float) -> None:
    """Delivered, failed, put off; an expired recipient has both a last reason and the end."""
    _Teller(claim, world, now).tell(settlement)


def redirected(wish: Wish, whom: Sequence[str], claim: Claim, world: World) -> None:
    """That is noted already; `whom` it leads to are addresses."""
    address = wish.addressee.address
    if wish.account:
        world.tell(delivery_events.redirected(claim.id, wish.account, address, whom))
    else:
        world.tell(delivery_events.expanded(claim.id, wish.where, address, whom))


def ignored(settlement: Settlement, claim: Claim, world: World) -> None:
    """Who has failed, and nobody is told: the message is gone for him."""
    for given in settlement.given:
        if given.is_wanted:
            address = given.tried.addressee.address
            world.tell(delivery_events.ignored(claim.id, claim.envelope.sender, address))


class _Teller:
    """The lines of one group; `now` is in seconds since the epoch."""

    def __init__(self, claim: Claim, world: World, now: float) -> None:
        self._claim = claim
        self._tell = world.tell
        self._journal = world.settings.journal
        self._now = now
        self._served: set[Host] = set()

    def tell(self, settlement: Settlement) -> None:
        for tried in settlement.delivered:
            self._delivered(tried)
        for given in settlement.given:
            if given.is_expired:
                self._deferred(given.tried)
            why = GIVEN_UP if given.is_expired else given.failure.text
            self._tell(delivery_events.failed(self._leg(given.tried), why, journal=self._journal))
        for due in settlement.due:
            self._deferred(due.tried)

    def _delivered(self, tried: Tried) -> None:
        """A host that has taken the message once took it for the others in the same transaction."""
        assert isinstance(tried.outcome, Delivered)
        host, said = tried.outcome.host, tried.outcome.confirmation
        is_further = host in self._served
        if host is not None:
            self._served.add(host)
        leg = self._leg(tried)
        self._tell(
            delivery_events.delivered(leg, said, is_further=is_further, journal=self._journal)
        )

    def _deferred(self, tried: Tried) -> None:
        why = tried.outcome
        assert isinstance(why, Later)
        leg = self._leg(tried)
        self._tell(
            delivery_events.deferred(leg, why.number, why.error, why.why, journal=self._journal)
        )

    def _leg(self, tried: Tried) -> Leg:
        connection = tried.outcome.connection
        return Leg(
            id=self._claim.id,
            sender=tried.addressee.sender or self._claim.envelope.sender,
            recipient=tried.addressee.address,
            original=tried.addressee.original,
            router=tried.router,
            transport=tried.transport,
            host=tried.outcome.host,
            mailbox=tried.mailbox,
            queue=self._claim.envelope.queue_name,
            local=connection.local if connection else None,
            greeted=connection.greeted if connection else "",
            has_pipelined=connection.has_pipelined if connection else False,
            tls=connection.tls if connection else None,
            login=connection.login if connection else "",
            is_reused=connection.is_reused if connection else False,
            converted=connection.converted if connection else "",
            size=tried.size,
            took=tried.took,
            return_path=tried.return_path,
            waited=self._now - self._claim.envelope.received_at,
        )
