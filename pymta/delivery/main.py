"""The life of a delivery worker: one message after another, until nobody wants any more.

    0    nothing more to do: Drain, the end of the channel, or SIGTERM
    1    a mistake of ours in the middle of a message; it is logged, and the message stays queued
    75   EX_TEMPFAIL: other processes hold every place on the host; no order was read, so the
         parent keeps the message for later

It is the forked child of the supervisor or of a queue run, which leaves the process with what
`main` returns.  It opens spool and hints itself.

Touches: processes, disk, sockets, signals, clock, randomness.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from pymta.accounts import passwd
from pymta.channel.pair import End
from pymta.channel.words import NO_PLACE, Attempted, HandOn
from pymta.config.queue import kept_for_local
from pymta.config.routing import Routing
from pymta.config.services import port_of
from pymta.config.settings import Settings
from pymta.delivery.one_message import attempt
from pymta.delivery.orders import Orders
from pymta.delivery.published import DNS_BUDGET, ask_world
from pymta.delivery.slots import Place, take_place, wait_for_place
from pymta.delivery.terms_of import terms_of
from pymta.delivery.world import RouteOf, World
from pymta.hints.sqlite import SqliteHints
from pymta.hints.waits_sqlite import SqliteWaits
from pymta.journal import delivery_events
from pymta.journal.log import Log
from pymta.journal.process_info import told_on_signal
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.timestamp import format_date
from pymta.resolver.query import Resolver
from pymta.retry.rules import parse_retry
from pymta.routing.address_class import Ours, TheirAddress, TheirDomain, classify
from pymta.routing.here import here
from pymta.routing.ourselves import Ourselves, our_ports
from pymta.routing.own import OwnAddresses
from pymta.routing.route import Local, Route
from pymta.routing.router import Router
from pymta.routing.smarthost import route_by_order, smarthosts_of
from pymta.routing.srs import sender_of_ours
from pymta.spool.files import FileSpool
from pymta.tables.opened import open_tables
from pymta.tables.table import Unsure as NoSecret
from pymta.transport.caller import Caller
from pymta.transport.host_memory import HostMemory
from pymta.transport.mailboxes import Maildirs, Mboxes
from pymta.transport.parcel import Parcel
from pymta.transport.throttle import throttle_of
from pymta.transport.to_local import Helper

DONE = 0
CRASHED = 1
WAITS = "waiting for a message"
PATIENCE = 1.0  # seconds to wait for a place; the parent waits better than we do


def main(
    channel: End, settings: Settings, log: Log, *, force: bool = False, is_local: bool = False
) -> int:
    """Deliver what the parent orders; closes the log at its end.

    `is_local`: the first message is new, and for mailboxes here.
    """
    try:
        place = _take_place(settings, log, is_local=is_local)
        if place is None:
            return NO_PLACE
        try:
            return _work(channel, settings, log, place, force=force)
        finally:
            place.leave()
    finally:
        log.close()


def _take_place(settings: Settings, log: Log, *, is_local: bool) -> Place | None:
    most = settings.queue.deliver_max
    try:
        return wait_for_place(
            Path(settings.machine.state_directory, "run"),
            range(most if is_local else most - kept_for_local(most)),
            patience=PATIENCE,
            clock=time.monotonic,
            sleep=time.sleep,
        )
    except OSError as error:
        log.write(delivery_events.no_place(str(error)))
        return None


def _has_to_leave(place: Place, settings: Settings) -> bool:
    """Its place is one of those for local mail, and there is no other for whatever comes next."""
    common = settings.queue.deliver_max - kept_for_local(settings.queue.deliver_max)
    if place.number < common:
        return False
    with suppress(OSError):
        other = take_place(Path(settings.machine.state_directory, "run"), range(common))
        if other:
            place.change_to(other)
            return False
    return True


def _work(channel: End, settings: Settings, log: Log, place: Place, *, force: bool) -> int:
    orders = Orders(channel)
    caller = Caller(settings.transport, settings.hostname, tell=log.write)
    world = make_world(channel.say, settings, log, orders.is_over, caller, force=force)
    does = WAITS
    with told_on_signal(settings, lambda: does), closing(caller):
        while (order := orders.next(meanwhile=caller.close_idle)) is not None:
            does = f"delivering {order.id}"
            try:
                attempt(order.id, replace(world, reach=order.reach))
            except Exception:  # noqa: BLE001 - our own fault costs one attempt; the message stays
                log.write(delivery_events.crashed(order.id, traceback.format_exc()))
                return CRASHED
            channel.say(Attempted(order.id))
            does = WAITS
            if _has_to_leave(place, settings):
                return NO_PLACE
    return DONE


def make_world(
    hand_on: Callable[[HandOn], object],
    settings: Settings,
    log: Log,
    is_over: Callable[[], bool],
    caller: Caller | None = None,
    *,
    force: bool,
) -> World:
    """Everything real; `caller` keeps connections open, so who has one closes it."""
    caller = caller or Caller(settings.transport, settings.hostname, tell=log.write)
    state = Path(settings.machine.state_directory)
    helper = Helper(
        settings.machine.deliver_socket,
        state / "run",
        settings.deliver.home_timeout,
        settings.deliver.pipe_timeout,
    )
    rules = parse_retry(settings.queue.retry_rules, settings.queue.retry)
    hints = SqliteHints(state / "hints" / "hints.sqlite")
    is_ours = here(settings).__contains__
    routes = _Routes(settings, is_ours)
    return World(
        settings=settings,
        spool=FileSpool(state / "spool", tell=log.write),
        rules=rules,
        waits=SqliteWaits(state / "hints" / "waits.sqlite"),
        throttle=throttle_of(settings),
        memory=HostMemory(hints, rules, time.time, force, settings.queue.delay_after_cutoff),
        new_routes=routes.of_one_message,
        store=partial(_store, Maildirs(state / "mail"), Mboxes(state / "mbox")),
        to_users=helper.opened,
        key_of=routes.key_of,
        sender_of_ours=routes.sender_of_ours,
        talk=caller.talk,
        terms_of=partial(
            terms_of, settings=settings, published=ask_world(settings, routes.resolver, log.write)
        ),
        talk_lmtp=caller.talk_lmtp,
        tell=log.write,
        hand_on=hand_on,
        destination_of=partial(destination, routing=settings.routing, is_ours=is_ours),
        now=time.time,
        date=local_date,
        is_over=is_over,
        debug=log.debug,
        force=force,
    )


def _store(maildirs: Maildirs, mboxes: Mboxes, box: Local, parcel: Parcel) -> bool:
    """Into a mailbox that pymta owns."""
    return (mboxes if box.is_mbox else maildirs).store(box.mailbox, parcel)


class _Routes:
    """Makes a router for each message; the DNS answers are kept from one to the next."""

    def __init__(self, settings: Settings, is_ours: Callable[[Address], bool]) -> None:
        self._settings = settings
        self.resolver = Resolver(settings.routing)
        self._own = OwnAddresses(settings, passwd.finder(passwd.PATIENCE), open_tables(settings))
        self._is_ours = is_ours
        self._smarthosts = smarthosts_of(settings)
        ports = cache(lambda: our_ports(settings, port_of))
        self._ourselves = Ourselves(settings.hostname, ports, is_ours)

    def of_one_message(self, by_order: str, sender: str) -> RouteOf:
        """`by_order` is the host to which an operator wants the message brought, or ""."""
        if by_order:
            is_ours = self._ourselves.is_host
            return lambda *_: route_by_order(by_order, self.resolver, is_ours=is_ours)
        router = Router(
            self._own,
            self.resolver,
            self._ourselves,
            random.shuffle,
            smarthosts=self._smarthosts,
            sender=sender,
        )

        def route(address: str, via: Sequence[str], is_final: bool) -> Route:
            self.resolver.start_budget(DNS_BUDGET * self._settings.routing.dns_timeout)
            return router.route(address, via, is_final=is_final)

        return route

    def key_of(self, address: str) -> tuple[str, str]:
        """Equal for two ways to write one mailbox: ours ignore case, but for accounts."""
        match classify(address, self._settings.routing, self._is_ours):
            case Ours() as ours:
                return self._own.key_of(ours)
        local, _, domain = address.rpartition("@")
        return local, key_of_domain(domain)

    def sender_of_ours(self, sender: str) -> str | NoSecret:
        secrets = self._own.tables.srs_secrets
        routing = self._settings.routing
        return sender_of_ours(sender, routing, secrets, time.time(), self._is_ours)


def destination(address: str, routing: Routing, is_ours: Callable[[Address], bool]) -> str:
    """The remote domain of an address, "" for one of ours; see `pymta.channel.words.HandOn`."""
    match classify(address, routing, is_ours):
        case TheirDomain(domain):
            return domain
        case TheirAddress(literal):
            return f"[{literal}]"
    return ""


def local_date(seconds: float) -> str:
    return format_date(seconds, time.localtime(seconds).tm_gmtoff)
