"""Queue run after queue run, from one moment when something is due to the next.

What is due is tried by the code of a delivery worker, in the order of a queue run; reports that are
written are tried at once, like any new message.  Runs come at their interval.  Limits on how much
goes to one destination are not played, and a host that is not down takes everything.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import field, replace

from pymta.channel.reach import Reach
from pymta.channel.selection import Selection
from pymta.channel.words import HandOn
from pymta.dataclass import dataclass
from pymta.delivery.one_message import attempt
from pymta.delivery.world import RouteOf, World, usual_words
from pymta.hints.store import Hints, HostHint
from pymta.hints.waits import MemoryWaits
from pymta.journal.event import Event
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.reply import Reply
from pymta.mail.trouble import REFUSED
from pymta.mail.waiting import Answer
from pymta.queue.answers import Answers
from pymta.queue.due import Times, due
from pymta.queue.feed import Feed, Group
from pymta.queue.known import Known
from pymta.retry.frozen import next_look
from pymta.routing.route import Local, Route
from pymta.simulation.copied_spool import CopiedSpool
from pymta.simulation.outage import Outage
from pymta.smtp.client_words import Taken
from pymta.spool.store import Message
from pymta.transport.classify import Delivered, Later, Outcome
from pymta.transport.hand import Hand
from pymta.transport.host_memory import HostMemory
from pymta.transport.local_request import Deed, Forward, Nothing
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.terms import USUAL


@dataclass(frozen=True, slots=True)
class Happened:
    """What the log would say at `at`, in seconds since the epoch."""

    at: float
    event: Event


@dataclass(slots=True)
class _Memory:
    """What is remembered of hosts: at first what really is, then what comes of the play."""

    real: Hints
    own: dict[str, HostHint | None] = field(default_factory=dict)

    def get(self, host: str) -> HostHint | None:
        if host not in self.own:
            self.own[host] = self.real.get(host)
        return self.own[host]

    def put(self, hint: HostHint) -> None:
        self.own[hint.host] = hint

    def forget(self, host: str) -> None:
        self.own[host] = None


class _NoLimits:
    def at_destination(self, name: str) -> nullcontext[None]:  # noqa: ARG002
        return nullcontext()

    def at_host(self, host: Host, destination: str) -> nullcontext[None]:  # noqa: ARG002
        return nullcontext()

    def at_server(self, server: Host | LocalSocket) -> nullcontext[None]:  # noqa: ARG002
        return nullcontext()

    def at_command(self, account: str) -> nullcontext[None]:  # noqa: ARG002
        return nullcontext()

    def look(self, name: str) -> None:
        pass


class Play:
    """`world` is that of a delivery worker: of it only routes, rules and settings are asked.

    `start` is now, in seconds since the epoch, `interval` the time between two queue runs.
    """

    def __init__(
        self,
        world: World,
        messages: Sequence[Message],
        outages: Sequence[Outage],
        *,
        start: float,
        interval: float,
    ) -> None:
        self.now = self._start = start
        self._interval = interval
        self._outages = outages
        self._happened: list[Happened] = []
        self._handed_on: deque[str] = deque()
        self._waits = MemoryWaits()
        self._memory = _Memory(world.memory.hints)
        self.spool = CopiedSpool(messages, lambda: self.now)
        self._answers = Answers(self._memory.get, self._waits.get, _NoLimits(), lambda: self.now)
        self._world = self._made_up(world)
        self._times = Times(world.rules.longest, world.settings.queue)

    def play(self, until: float) -> Iterator[Happened]:
        """Everything that happens until then, or until nothing more will."""
        while self.now <= until:
            self._run()
            yield from self._happened
            self._happened.clear()
            if math.inf == (then := self._next_moment()):
                return
            runs = max(1, math.ceil((then - self._start) / self._interval))
            self.now = max(self._start + runs * self._interval, self.now + self._interval)

    def _run(self) -> None:
        for queue in self.spool.queues():
            known = Known(self._waits.known(self._world.settings.generation), lambda _: 1)
            listing = known.seen(list(self.spool.waiting(queue)), self.now, self.now)
            ids = due(listing, Selection(queue), self.now, self._times, self.spool.peek)
            feed = Feed(ids, known.groups, self._answer)
            last = ""
            while id := feed.take(last):
                self._attempt(id, Reach.ALL)
                feed.ended(id)
                last = id

    def _answer(self, group: Group, after: str) -> Answer:
        return self._answers.after(after, group.destination, group.hosts)

    def _attempt(self, id: str, reach: Reach) -> None:
        attempt(id, replace(self._world, reach=reach))
        while self._handed_on:
            attempt(self._handed_on.popleft(), replace(self._world, reach=Reach.NEW))

    def _next_moment(self) -> float:
        settings = self._times.queue
        looks = (next_look(copy.due, self.now, settings) for copy in self.spool.kept.values())
        moments = [look for look in looks if look is not None]
        moments += [hint.next_try for hint in self._memory.own.values() if hint]
        moments += [wait.void_from for wait in self._waits.kept.values()]
        later = (moment for moment in moments if self.now < moment)
        return min(later, default=math.inf) if self.spool.kept else math.inf

    def _made_up(self, world: World) -> World:
        memory = HostMemory(
            self._memory,
            world.rules,
            lambda: self.now,
            delay_after_cutoff=world.memory.delay_after_cutoff,
        )
        return replace(
            world,
            spool=self.spool,
            memory=memory,
            throttle=_NoLimits(),
            new_routes=_remembered(world.new_routes),
            store=_stored,
            to_users=_to_users,
            talk=lambda host, parcel, _: self._talk(host, parcel),
            terms_of=lambda *_: USUAL,  # nobody is asked how much TLS he wants
            talk_lmtp=self._talk,
            tell=lambda event: self._happened.append(Happened(self.now, event)),
            hand_on=self._hand_on,
            now=lambda: self.now,
            is_over=lambda: False,
            waits=self._waits,
            gone=self._waits.forget,
            words_of=usual_words,
            debug=None,
            force=False,
            thaw=False,
        )

    def _talk(self, where: Host | LocalSocket, parcel: Parcel) -> Heard | Later:
        if isinstance(where, Host):
            for outage in self._outages:
                if outage.holds(where, parcel.recipients, self.now):
                    return Later(111, "Connection refused", host=where, cause=REFUSED)
        return Heard(tuple(Taken(Reply(250, "simulated")) for _ in parcel.recipients))

    def _hand_on(self, word: HandOn) -> None:
        self._handed_on.append(word.id)


def _stored(box: Local, parcel: Parcel) -> bool:  # noqa: ARG001
    return True


@contextmanager
def _to_users(parcel: Parcel) -> Iterator[Hand]:  # noqa: ARG001
    """Whatever a .forward says: it goes to a mailbox."""

    def hand(
        _account: str, _recipient: str, deed: Deed, _item: str = "", /
    ) -> Outcome | Forward | Nothing:
        return Nothing() if deed is Deed.LOOK else Delivered()

    yield hand


def _remembered(
    new_routes: Callable[[str, str], RouteOf],
) -> Callable[[str, str], RouteOf]:
    """Each way is looked up once: what the DNS says in three days, nobody knows now."""
    found: dict[tuple[object, ...], Route] = {}

    def routes(by_order: str, sender: str) -> RouteOf:
        ask = new_routes(by_order, sender)

        def route(address: str, via: Sequence[str], is_final: bool) -> Route:
            key = (by_order, sender, address, tuple(via), is_final)
            if key not in found:
                found[key] = ask(address, via, is_final)
            return found[key]

        return route

    return routes
