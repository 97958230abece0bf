"""One attempt of one message, from the claim to the last record.

The order is what keeps it safe.  What is final (delivered, failed) is on disk before the next
group starts; put-offs are recorded at the end, since a lost one only means too early.  A message
that everybody has got at the first attempt is simply removed.  Where a user has his mail sent on,
that is on disk before those who are to have it are tried, and they are tried in the same attempt.
When the claim turns out to be lost, nothing more is written: the message is another's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial

from pymta.channel.reach import Reach
from pymta.delivery import follow_up, tell
from pymta.delivery.carry import carry
from pymta.delivery.outcome import Addressee, Tried, addressees
from pymta.delivery.plan import Group, ToHosts, plan, shown
from pymta.delivery.redirect import KeyOf, Known, TooMany, Wish, redirect
from pymta.delivery.settle import (
    Due,
    Settlement,
    is_report_wanted,
    records_of_deferral,
    records_of_final,
    settle,
)
from pymta.delivery.thaw import thaw
from pymta.delivery.to_hosts import SMTP
from pymta.delivery.waits import renewed, wait_of
from pymta.delivery.warn import next_warning, warn
from pymta.delivery.whom import is_left_by_smtp, is_left_whole
from pymta.delivery.world import RouteOf, World
from pymta.journal import delivery_events
from pymta.journal.delivery_events import Leg
from pymta.mail.trace import delivered_before
from pymta.report.failure import is_told
from pymta.report.headers import header_of
from pymta.retry.frozen import is_ignored
from pymta.routing.route import Expanded, Fail, Remote, Route
from pymta.routing.srs import is_outside
from pymta.spool.alarm import has_come
from pymta.spool.outcomes import DELAYED, DELIVERED, FAILED, UNTOLD, Frozen
from pymta.spool.recipients import written
from pymta.spool.store import Claim, SpoolError
from pymta.transport.classify import Later
from pymta.transport.parcel import parcel_of

# The time of a message in a listing may be rounded down; who comes so little early is on time.
ROUNDING = 1.0  # seconds


def attempt(id: str, world: World) -> None:
    """Deliver to whoever is due.  Trouble with the disk is told, and the message stays."""
    if world.debug:
        world.debug(f"delivering {id}", "deliver", QUEUE_ID=id)
    try:
        claim = world.spool.claim(id)
        if claim is None:
            if world.spool.holds(id):
                world.tell(delivery_events.locked(id))
            return
        try:
            _Attempt(claim, world).run()
        finally:
            claim.release()
    except SpoolError as error:
        world.tell(delivery_events.spool_trouble(id, error.strerror or str(error)))


class _Attempt:
    def __init__(self, claim: Claim, world: World) -> None:
        self._claim = claim
        self._world = world
        self._routers: dict[tuple[str, str], RouteOf] = {}
        self._reports: dict[tuple[str, str], str] = {}  # ids by what they tell, and whom
        self._due: list[Due] = []
        self._ways: dict[int, Remote] = {}  # of recipients who were sent to hosts
        self._untils: dict[int, float] = {}  # when the first of their hosts may be asked again
        self._is_to_freeze = False
        self._is_delivered = False  # to everybody, with the last of it not recorded
        self._look = claim.state.look  # when it was to be looked at

    def run(self) -> None:
        if self._claim.state.held:  # by somebody who will release it, whatever a run is told
            self._world.tell(delivery_events.is_held(self._claim.id, self._claim.envelope.sender))
            return
        if self._claim.state.frozen:
            cancelled = thaw(self._claim, self._world)
            if cancelled is None:
                return
            self._settle(cancelled, is_last=False)
        if self._deliver():
            self._record_rest()
            warn(self._claim, self._world, lambda: self._reserve(DELAYED))
            follow_up.report(self._claim, self._world)
            if self._is_delivered or self._claim.state.is_finished:
                was_put_off = bool(self._claim.state.attempts)
                is_left = self._claim.finish()
                self._tell_end()
                if was_put_off or is_left:
                    self._world.gone(self._claim.id)
            else:
                self._note_wait()

    def _note_wait(self) -> None:
        """So that no queue run opens it for nothing."""
        claim, world = self._claim, self._world
        generation = world.settings.generation
        wait = wait_of(claim, self._ways, self._untils, world.rules, generation)
        if not wait and not self._due and (old := world.waits.get(claim.id)):
            wait = renewed(old, claim, self._look, world.rules)
        if wait:
            world.waits.note(wait)

    def _tell_end(self) -> None:
        id, envelope = self._claim.id, self._claim.envelope
        waited = self._world.now() - envelope.received_at
        journal = self._world.settings.journal
        self._world.tell(delivery_events.completed(id, envelope.sender, waited, journal=journal))

    def _deliver(self) -> bool:
        """False: the claim is lost."""
        groups = deque(self._planned(self._routed(self._who_is_due())))
        if groups:
            self._claim.prepare()
        has_begun = False
        while groups and not (has_begun and self._world.is_over()):
            has_begun = True  # who is not tried now is due at once, at the next run
            group = groups.popleft()
            if debug := self._world.debug:
                debug(f"trying {shown(group)}", "deliver", QUEUE_ID=self._claim.id)
            if isinstance(group, ToHosts):
                self._ways |= {who.index: group.remote for who in group.recipients}
            carried = carry(group, self._claim, self._world)
            if not self._claim.is_mine():
                return False
            refused, added = self._redirect(carried.wishes)
            is_last = not groups and not added and not carried.onward
            self._settle((*carried.tried, *refused), is_last=is_last)
            if added or carried.onward:
                groups.extend(self._planned((*carried.onward, *self._routed(added))))
        return True

    def _planned(self, routes: Iterable[tuple[Addressee, Route]]) -> tuple[Group, ...]:
        settings = self._world.settings
        return plan(
            routes,
            is_mbox=bool(settings.deliver.mail_spool_directory),
            is_outside=partial(is_outside, routing=settings.routing),
        )

    def _settle(self, tried: tuple[Tried, ...], *, is_last: bool) -> None:
        now = self._world.now()
        self._untils |= {
            one.addressee.index: one.outcome.not_before
            for one in tried
            if isinstance(one.outcome, Later) and not one.outcome.is_limited
        }
        state, sender = self._claim.state, self._claim.envelope.sender
        settlement = settle(tried, state, self._world.rules, now, sender)
        tell.what_happened(settlement, self._claim, self._world, now)
        self._record(settlement, now, is_last=is_last)

    def _redirect(self, wishes: Sequence[Wish]) -> tuple[list[Tried], list[Addressee]]:
        """Record where mail goes on to: who cannot have it so, and who is to be tried besides."""
        claim = self._claim
        refused: list[Tried] = []
        added: list[int] = []
        addresses = written(claim.envelope, claim.state) if wishes else {}
        for wish in wishes:
            now = self._world.now()
            made = redirect(
                wish,
                claim.envelope,
                claim.state,
                self._key_of,
                now,
                is_mailbox=self._is_mailbox,
                known=self._known,
            )
            if isinstance(made, TooMany):
                who, why = wish.addressee, Later(0, why=made.why)
                refused.append(Tried(who, why, wish.router, mailbox=wish.account))
                continue
            # To one who is new goes the wish as well; others never hear of it (RFC 3461 s5.2.7).
            keeps_wish = len(made.to) == 1 and made.added and not made.sender
            if self._is_told() and wish.addressee.asked.wants_success and not keeps_wish:
                made = replace(made, report_id=self._reserve(DELIVERED))
            claim.note(made)
            new = made.to[len(made.to) - len(made.added) :]
            addresses |= zip(new, made.added, strict=True)
            whom = [addresses[n] for n in made.to]
            tell.redirected(wish, whom, claim, self._world)
            added += new
        if not added:
            return refused, []
        claim.prepare()
        return refused, addressees(added, claim.envelope, claim.state)

    def _routed(self, whom: Iterable[Addressee]) -> Iterator[tuple[Addressee, Route]]:
        """Those of them whom this attempt is for."""
        reach, settings = self._world.reach, self._world.settings
        by_order, leaves_far = self._claim.state.reroute, reach is Reach.LOCAL
        for who in whom:
            # A command or a file is in no domain, whatever it looks like.
            is_address = not who.is_item
            if leaves_far and is_address and (by_order or self._world.destination_of(who.address)):
                continue
            if is_address and is_left_whole(who.address, reach, settings):
                self._tell_left(who)
                continue
            # No host runs a command or writes a file of ours, whatever an operator has ordered.
            order = "" if who.is_item else by_order
            route = self._not_again(who, self._router(order, who.sender))
            if isinstance(route, Remote) and is_left_by_smtp(who.address, reach, settings):
                self._tell_left(who, route.router)
            else:
                yield who, route

    def _router(self, order: str, sender: str) -> RouteOf:
        """One for each sender, since it looks up each destination once."""
        key = order, sender
        if key not in self._routers:
            own = self._claim.envelope.sender
            self._routers[key] = self._world.new_routes(order, sender or own)
        return self._routers[key]

    def _not_again(self, who: Addressee, route_of: RouteOf) -> Route:
        """What has been sent on from here before, and is back, is not sent on once more."""
        route = route_of(who.address, who.via, who.is_final)
        if not isinstance(route, Expanded) or who.address.lower() not in self._been_at:
            return route
        inside = route_of(who.address, who.via, True)
        if isinstance(inside, Fail):
            return Fail(f"mail loop: it was sent on from {who.address} before", "5.4.6")
        return inside

    @cached_property
    def _key_of(self) -> KeyOf:
        return cache(self._world.key_of)

    @cached_property
    def _known(self) -> Known:
        return Known(self._key_of)

    @cached_property
    def _been_at(self) -> frozenset[str]:
        """RFC 5321 s6.3; by the fields that we leave, see `pymta.mail.trace.delivered_before`."""
        return delivered_before(header_of(parcel_of(self._claim, ()).content()))

    def _is_mailbox(self, address: str) -> bool:
        route = self._world.new_routes("", self._claim.envelope.sender)(address, (), True)
        return not isinstance(route, Fail)

    def _who_is_due(self) -> list[Addressee]:
        state = self._claim.state
        if state.frozen:
            return []
        due: Iterable[int] = state.pending
        if state.dues and not self._world.force:
            latest = self._world.now() + ROUNDING
            dues, longest = dict(state.dues), self._world.rules.longest
            due = (n for n in due if has_come(dues.get(n, 0.0), latest, longest))
        return addressees(due, self._claim.envelope, state)

    def _tell_left(self, who: Addressee, router: str = "") -> None:
        """`router` when its route is known, and goes over SMTP."""
        leg = Leg(
            self._claim.id,
            self._claim.envelope.sender,
            who.address,
            router,
            SMTP if router else "",
            original=who.original,
        )
        self._world.tell(delivery_events.left_to_queue_runs(leg))

    def _record(self, settlement: Settlement, now: float, *, is_last: bool) -> None:
        if is_last and self._is_all_delivered(settlement):
            self._is_delivered = True  # the removal that follows says it, and costs no journal
            return
        self._due += settlement.due
        parts = settlement.by_sender()
        reports = {sender: self._reports_on(part, sender) for sender, part in parts.items()}
        for sender, part in parts.items():
            ignores = not self._is_told(sender) and self._is_ignored(now)
            if records := records_of_final(part, now, *reports[sender], ignores=ignores):
                self._claim.note(*records)
            if ignores:
                tell.ignored(part, self._claim, self._world)

    def _is_ignored(self, now: float) -> bool:
        """Is it gone, and not frozen, when it fails and nobody can be told?"""
        envelope, state = self._claim.envelope, self._claim.state
        return bool(state.frozen) or is_ignored(envelope, self._world.settings.queue, now)

    def _reports_on(self, settlement: Settlement, sender: str) -> tuple[str, str]:
        """Ids of what tells of failures, and of success, to those who have it from this sender."""
        is_told_ = self._is_told(sender)
        failed = delivered = ""
        if any(given.is_wanted for given in settlement.given):
            if is_told_:
                failed = self._reserve(FAILED, sender)
            elif not self._is_ignored(self._world.now()):
                self._is_to_freeze = True
        if any(map(self._is_told_of, settlement.delivered)):
            delivered = self._reserve(DELIVERED, sender)
        return failed, delivered

    def _is_all_delivered(self, settlement: Settlement) -> bool:
        """Has everybody got it who waited, and nobody is to be told of it?"""
        now_delivered = {one.addressee.index for one in settlement.delivered}
        state = self._claim.state
        return (
            now_delivered.issuperset(state.pending)
            and not state.owed
            and not any(map(self._is_told_of, settlement.delivered))
        )

    def _is_told_of(self, delivered: Tried) -> bool:
        return is_report_wanted(delivered) and self._is_told(delivered.addressee.sender)

    def _is_told(self, sender: str = "") -> bool:
        """`sender` is the owner of a list, or else ""."""
        return is_told(sender or self._claim.envelope.sender)

    def _reserve(self, action: str, sender: str = "") -> str:
        """One report for all that fails in one attempt, and one for all that does not."""
        key = action, sender
        if key not in self._reports:
            self._reports[key] = self._world.spool.reserve()
        return self._reports[key]

    def _record_rest(self) -> None:
        if not self._due and not self._is_to_freeze:
            return
        now, claim = self._world.now(), self._claim
        times, last = self._world.settings.queue.delay_warning, claim.state.warned
        then = next_warning(claim.envelope, claim.state, times, last) if self._due else 0.0
        frozen = (Frozen(now, UNTOLD),) if self._is_to_freeze else ()
        if records := (*records_of_deferral(self._due, now, then), *frozen):
            claim.note(*records)
        if frozen:
            sender = self._claim.envelope.sender
            self._world.tell(delivery_events.frozen(self._claim.id, sender))
