"""A simulation is what the real thing does, and touches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection
from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.delivery.world import World
from pymta.mail.host import Host
from pymta.queue.answers import Answers
from pymta.queue.due import Times, due
from pymta.queue.feed import Feed
from pymta.queue.known import Known
from pymta.simulation.outage import Outage
from pymta.simulation.play import Happened, Play
from pymta.spool.store import Message
from pymta.transport.classify import Later
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.terms import Terms
from tests.doubles.deliveries import OK, START, Rig, host
from tests.doubles.throttles import throttle

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
RULES = Queue(
    retry=("F,2h,15m", "G,16h,1h,1.5", "F,2d,6h"),
    retry_rules=("slow.example * H,1d,30m,2", "never.example *"),
    queue_run_in_order=True,
)
SETTINGS = Settings(routing=Routing(primary_hostname="mail.example.net"), queue=RULES)
ID = re.compile(r"\b[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}\b|simulated-[0-9]+")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, settings=SETTINGS)
    yield rig
    rig.close()


def queued(rig: Rig) -> list[Message]:
    rig.put("a@x.example", "b@y.example", "user@localhost")
    rig.put("c@x.example")
    rig.put("d@slow.example", "e@x.example")
    rig.put("f@never.example", sender="g@users.example")
    rig.put("h@gone.example", "i@dim.example")
    rig.put("j@x.example", sender="")
    rig.put("k@gone.example", sender="")
    spool = rig.spool()
    found = [spool.peek(waiting.id) for waiting in spool.waiting()]
    return [message for message in found if message]


def really(
    rig: Rig, outages: list[Outage], days: float, interval: float
) -> list[tuple[float, str]]:
    """What queue runs over the spool on disk do, every `interval`, with nothing left out."""

    def talk(where: Host, parcel: Parcel, terms: Terms) -> Heard | Later:
        if any(outage.holds(where, parcel.recipients, rig.now) for outage in outages):
            return Later(111, "Connection refused", host=where, cause="refused")
        return Heard(tuple(OK for _ in parcel.recipients))

    rig._talk = talk  # type: ignore[method-assign]
    free = throttle(rig.directory / "free")
    answers = Answers(rig.hints.get, rig.waits.get, free, lambda: rig.now)
    times = Times(rig.world().rules.longest, RULES)
    found: list[tuple[float, str]] = []
    while rig.now <= START + days * DAY:
        spool = rig.spool()
        known = Known(list(rig.waits.known(0)), lambda _: 1)
        listing = known.seen(list(spool.waiting()), rig.now, rig.now)
        ids = list(due(listing, Selection(), rig.now, times, spool.peek))
        feed = Feed(
            ids,
            known.groups,
            lambda group, after: answers.after(after, group.destination, group.hosts),
        )
        last = ""
        while id := feed.take(last):
            found += [(rig.now, text) for text in rig.attempt(id)]
            while rig.handed_on:
                report = rig.handed_on.pop(0).id
                found += [(rig.now, text) for text in rig.attempt(report, reach=Reach.NEW)]
            feed.ended(id)
            last = id
        rig.close()
        rig.spools.clear()
        rig.now += interval
    free.seats.close()
    return found


def told(happened: Happened) -> tuple[float, str]:
    return happened.at, happened.event.text


def plain(lines: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Without what must differ: ids of reports, and what the made-up hosts say."""
    said = re.compile(r' C="[^"]*"| S=[0-9]+')
    return [(at, said.sub("", ID.sub("ID", text))) for at, text in lines]


def test_what_is_played_is_what_the_queue_runs_then_do(rig: Rig) -> None:
    messages = queued(rig)
    outages = [Outage("x.example", START, START + 30 * HOUR), Outage("slow.example", START, 4e9)]
    play = Play(rig.world(), messages, outages, start=START, interval=5 * MINUTE)
    played = [told(happened) for happened in play.play(START + 4 * DAY)]

    assert plain(played) == plain(really(rig, outages, 4.0, 5 * MINUTE))

    assert any("j@x.example" in text and text.startswith("=>") for _, text in played)
    assert any("retry timeout exceeded" in text for _, text in played)
    assert any(text.startswith("<= <>") for _, text in played)
    assert any(text == "k@gone.example: error ignored" for _, text in played)


def test_an_outage_is_of_a_domain_a_host_or_an_address() -> None:
    mx = host("x.example")
    for name in ("x.example", "X.Example", "mx.x.example", "192.0.2.1", "[192.0.2.1]"):
        assert Outage(name, 10.0, 20.0).holds(mx, ["a@x.example"], 10.0)
    assert not Outage("y.example", 10.0, 20.0).holds(mx, ["a@x.example"], 10.0)
    assert not Outage("x.example", 10.0, 20.0).holds(mx, ["a@x.example"], 20.0)


def test_nothing_real_is_touched_by_a_play(rig: Rig) -> None:
    """Every way of a worker into the world is taken out of it."""
    messages = queued(rig)

    def real(*_: object, **__: object) -> None:
        raise AssertionError("this is real")

    harmless = {
        *("settings", "rules", "new_routes", "key_of", "destination_of", "date", "memory"),
        *("waits", "debug", "force", "reach"),
    }
    ways = {field.name: real for field in fields(World) if field.name not in harmless}
    world = replace(rig.world(), **ways)  # type: ignore[arg-type]
    before = dict(rig.hints.kept)

    play = Play(world, messages, [Outage("x.example", START, 4e9)], start=START, interval=300.0)
    happened = list(play.play(START + 5 * DAY))

    assert happened
    assert rig.hints.kept == before
    assert rig.waits.kept == {}
    assert len(list(rig.spool().waiting())) == len(messages)
