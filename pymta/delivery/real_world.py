"""The world as this machine has it: for attempts, and for who only looks.

Touches: sockets, disk, clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from pymta.channel.words import HandOn
from pymta.config.settings import Settings
from pymta.delivery.afterwards import TOGETHER
from pymta.delivery.published import ask_world
from pymta.delivery.report_words import words_of
from pymta.delivery.routes import Routes, destination
from pymta.delivery.terms_of import terms_of
from pymta.delivery.world import World
from pymta.hints.sqlite import SqliteHints, still_hints
from pymta.hints.waits_sqlite import SqliteWaits
from pymta.journal.local_time import local_date
from pymta.journal.log import Log
from pymta.resolver.query import Resolver
from pymta.retry.rules import parse_retry
from pymta.routing.here import here
from pymta.routing.route import Local
from pymta.spool.files import FileSpool
from pymta.transport.caller import Caller
from pymta.transport.host_memory import HostMemory
from pymta.transport.mailboxes import Maildirs, Mboxes
from pymta.transport.parcel import Parcel
from pymta.transport.throttle import throttle_of
from pymta.transport.to_local import Helper


def make_world(
    hand_on: Callable[[HandOn], object],
    settings: Settings,
    log: Log,
    is_over: Callable[[], bool],
    caller: Caller | None = None,
    *,
    force: bool,
    thaw: bool = False,
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
    routes = Routes(settings, is_ours)
    return World(
        settings=settings,
        spool=FileSpool(state / "spool", tell=log.write, together=TOGETHER),
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
        words_of=partial(words_of, settings.queue, log.write),
        debug=log.debug,
        force=force,
        thaw=thaw,
    )


def world_as_it_is(settings: Settings, log: Log) -> World:
    """For who only looks: of what is remembered nothing is made, mended or changed."""
    world = make_world(lambda _: None, settings, log, lambda: False, force=False)
    hints = still_hints(Path(settings.machine.state_directory, "hints", "hints.sqlite"))
    published = ask_world(settings, Resolver(settings.routing), log.write, is_to_remember=False)
    return replace(
        world,
        memory=replace(world.memory, hints=hints),
        terms_of=partial(terms_of, settings=settings, published=published),
    )


def _store(maildirs: Maildirs, mboxes: Mboxes, box: Local, parcel: Parcel) -> bool:
    """Into a mailbox that pymta owns."""
    return (mboxes if box.is_mbox else maildirs).store(box.mailbox, parcel)
