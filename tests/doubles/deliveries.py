"""A world for attempts: a real spool on disk, and transports that answer from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from pymta.channel.reach import Reach
from pymta.channel.words import HandOn
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from pymta.delivery.one_message import attempt
from pymta.delivery.terms_of import terms_of
from pymta.delivery.tls_verdict import Published
from pymta.delivery.world import RouteOf, World
from pymta.hints.clients_sqlite import SqliteClients
from pymta.hints.waits import MemoryWaits
from pymta.mail.caller import LocalSocket
from pymta.mail.envelope import Envelope, Recipient
from pymta.mail.host import Host
from pymta.mail.reply import Reply
from pymta.mail.timestamp import format_date
from pymta.resolver.answer import Nothing as NoRecords
from pymta.retry.rules import parse_retry
from pymta.routing.route import (
    LOCAL_USER,
    Defer,
    Discard,
    Expanded,
    Fail,
    Lmtp,
    Local,
    Remote,
    Route,
    User,
)
from pymta.routing.target import is_item
from pymta.smtp.client_words import Refused, Result, Stage, Taken
from pymta.spool.disk import Disk
from pymta.spool.files import FileSpool
from pymta.spool.outcomes import State
from pymta.spool.store import Seal
from pymta.tables.table import Unsure as NoSecret
from pymta.transport.classify import Delivered, Later, Outcome
from pymta.transport.hand import Hand
from pymta.transport.host_memory import HostMemory
from pymta.transport.local_request import Deed, Forward, Nothing
from pymta.transport.parcel import Parcel
from pymta.transport.remote import Heard
from pymta.transport.seats import Seats
from pymta.transport.terms import Terms
from pymta.transport.throttle import Throttle
from pymta.transport.tls_need import Need, Unsure
from tests.doubles.hints import MemoryHints
from tests.doubles.log import MemoryLog
from tests.doubles.memory_disk import MemoryDisk
from tests.doubles.throttles import throttle
from tests.doubles.watched_disk import StopAfter, Stopped, WatchedDisk

START = 1_795_362_000.0
IN_MEMORY = Path("/spool")  # of a MemoryDisk, which begins with nothing but its root
SETTINGS = Settings(routing=Routing(primary_hostname="mail.example.net"))
BODY = b"Subject: hello\r\n\r\nbody\r\n"
SENDER = "s@example.com"
RECEIVED = "Received: by us\r\n"

UNPUBLISHED = Published(lambda name, port: NoRecords(), lambda domain: None)
OK = Taken(Reply(250, "queued"))
NEVER = Refused(Reply(550, "no such user", "5.1.1"), Stage.RCPT, "RCPT TO:<x>")
BUSY = Refused(Reply(451, "busy"), Stage.DATA, "DATA")
STORE = Lmtp((LocalSocket("/run/dovecot/lmtp"),))
DOWN = Later(111, "Connection refused")


def host(domain: str) -> Host:
    return Host(f"mx.{domain}", ip_address("192.0.2.1"))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def key_of(address: str) -> tuple[str, str]:
    local, _, domain = address.rpartition("@")
    is_ours = domain in {"localhost", "users.example"}
    return (local.lower() if is_ours else local), domain.lower()


@dataclass
class Rig:
    """`answers`: address to what its host says, or `Later` for a host that is down (default: OK).

    Addresses at localhost are local, at users.example users of the system; at store.example an
    LMTP server has them, at both.example it has those of system users; at gone.example they fail,
    at dim.example they wait.  `aliases` are names for others, by address.  `forwards` are what
    .forward files say, by account; `items` is what becomes of commands and files that somebody
    names, and `done` are those that took the message.  `homes` hold what was stored, `hung` do not
    answer.
    """

    directory: Path
    answers: dict[str, Result | Later] = field(default_factory=dict)
    now: float = START
    log: MemoryLog = field(default_factory=MemoryLog)
    hints: MemoryHints = field(default_factory=MemoryHints)
    waits: MemoryWaits = field(default_factory=MemoryWaits)
    handed_on: list[HandOn] = field(default_factory=list)
    stored: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)
    store_error: OSError | None = None
    items: dict[str, Outcome | Nothing] = field(default_factory=dict)
    done: list[tuple[str, str, str]] = field(default_factory=list)
    aliases: dict[str, Expanded | Discard] = field(default_factory=dict)
    forwards: dict[str, bytes] = field(default_factory=dict)
    hung: set[str] = field(default_factory=set)
    homes: list[tuple[str, str, bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, Deed]] = field(default_factory=list)
    is_over: bool = False
    disk: Disk | None = None
    spool_directory: Path | None = None  # None: below `directory`, where a real disk has it
    ticks: int = 0
    after_sending: Callable[[], object] = lambda: None
    spools: list[FileSpool] = field(default_factory=list)
    seats: list[Seats] = field(default_factory=list)
    settings: Settings = SETTINGS
    need: Need | None = None  # None: as the settings say
    sure: bool = False
    at_once: int = 100
    sender_of_ours: Callable[[str], str | NoSecret] = str

    def spool(self) -> FileSpool:
        """The spool as a process that has just started sees it."""
        path = self.spool_directory or self.directory / "spool"
        spool = FileSpool(path, clock=self._tick, tell=self.log.write, disk=self.disk)
        self.spools.append(spool)
        return spool

    def close(self) -> None:
        """Give the descriptors back: there are fewer of them than tests."""
        for spool in self.spools:
            spool.close()
        for seats in self.seats:
            seats.close()

    def __del__(self) -> None:
        """A test that makes one for each place to stop at makes many; their disks are no files."""
        for seats in self.seats:
            seats.close()

    def put(
        self,
        *recipients: str | Recipient,
        sender: str = SENDER,
        body: bytes = BODY,
        frozen: str = "",
        **asked: Any,
    ) -> str:
        """A message in the spool; `asked` are further fields of its envelope."""
        intake = self.spool().begin(self.envelope(*recipients, sender=sender, **asked))
        intake.write(body)
        intake.commit(Seal(on_top=(RECEIVED,), frozen=frozen))
        return intake.id

    def envelope(
        self, *recipients: str | Recipient, sender: str = SENDER, **asked: Any
    ) -> Envelope:
        names = tuple(r if isinstance(r, Recipient) else Recipient(r) for r in recipients)
        return Envelope(sender, names, self.now, **asked)

    def attempt(self, id: str, *, force: bool = False, reach: Reach = Reach.ALL) -> list[str]:
        """The lines that one attempt wrote."""
        before = len(self.log.events)
        attempt(id, self.world(force=force, reach=reach))
        return self.log.texts()[before:]

    def state(self, id: str) -> State | None:
        message = self.spool().peek(id)
        return message.state if message else None

    def world(self, *, force: bool = False, reach: Reach = Reach.ALL) -> World:
        queue = self.settings.queue
        rules = parse_retry(queue.retry_rules, queue.retry)
        return World(
            settings=self.settings,
            spool=self.spool(),
            rules=rules,
            waits=self.waits,
            gone=self.waits.forget,
            throttle=self._throttle(),
            memory=HostMemory(self.hints, rules, lambda: self.now, force, queue.delay_after_cutoff),
            new_routes=self._routes,
            store=self._store,
            to_users=self._to_users,
            key_of=key_of,
            talk=self._talk,
            terms_of=self._terms_of,
            talk_lmtp=self._talk_lmtp,
            tell=self.log.write,
            hand_on=self.handed_on.append,
            destination_of=lambda address: (
                "" if address.endswith(("@localhost", "@users.example")) else domain_of(address)
            ),
            now=lambda: self.now,
            date=lambda seconds: format_date(seconds, 0),
            is_over=lambda: self.is_over,
            sender_of_ours=self.sender_of_ours,
            force=force,
            thaw=force,
            reach=reach,
        )

    def _throttle(self) -> Throttle:
        queue = self.settings.queue
        made = throttle(
            self.directory / "run",
            concurrency=queue.destination_concurrency,
            rate=queue.destination_rate,
            counts=SqliteClients(self.directory / "destinations.sqlite", clock=lambda: self.now),
            now=lambda: self.now,
        )
        self.seats.append(made.seats)
        return made

    def _tick(self) -> float:
        """No two ids of one moment."""
        self.ticks += 1
        return self.now + self.ticks / 10_000

    def _routes(self, by_order: str, sender: str) -> RouteOf:
        if by_order:
            return lambda *_: Remote(by_order, (host(by_order),), "reroute")
        return self._route

    def _route(self, address: str, via: Sequence[str], is_final: bool) -> Route:
        if via and is_item(address):
            giver = self._route(via[-1], via[:-1], False)
            if address == ":blackhole:":
                return Discard("the .forward", LOCAL_USER)
            if isinstance(giver, User):
                return replace(giver, item=address)
            return User("program", item=address, is_alias=True)
        if address in self.aliases and address not in via and not is_final:
            return self.aliases[address]
        local, _, domain = address.rpartition("@")
        match domain:
            case "localhost":
                return Local(local)
            case "users.example":
                return User(local.lower())
            case "store.example":
                return STORE
            case "both.example":
                return User(local.lower(), STORE)
            case "gone.example":
                return Fail("domain gone.example does not exist", "5.1.2")
            case "dim.example":
                return Defer("host lookup for dim.example did not complete: SERVFAIL")
        return Remote(domain, (host(domain),), mx_of=domain)

    @contextmanager
    def _to_users(self, parcel: Parcel) -> Iterator[Hand]:
        if self.store_error:
            raise self.store_error
        content = b"".join(parcel.content())

        def hand(
            account: str, recipient: str, deed: Deed, item: str = "", /
        ) -> Outcome | Forward | Nothing:
            self.asked.append((account, recipient, deed))
            if deed in {Deed.ITEM, Deed.ALIAS}:
                return self._done(account, recipient, item)
            if account in self.forwards and deed is not Deed.STORE:
                return Forward(self.forwards[account])
            if account in self.hung:
                return Later(0, why="it hangs")
            if deed is Deed.LOOK:
                return Nothing()
            self.homes.append((account, recipient, content))
            return Delivered()

        yield hand

    def _done(self, account: str, recipient: str, item: str) -> Outcome | Nothing:
        answer = self.items.get(item, Delivered())
        if isinstance(answer, Delivered):
            self.done.append((account, recipient, item))
        return answer

    def _store(self, box: Local, parcel: Parcel) -> bool:
        if self.store_error:
            raise self.store_error
        b"".join(parcel.content())
        self.stored.append((box.mailbox, parcel.recipients[0]))
        return parcel.is_mine()

    def _terms_of(self, remote: Remote, where: Host, is_waived: bool) -> Terms | Unsure:
        found = terms_of(remote, where, is_waived, settings=self.settings, published=UNPUBLISHED)
        if isinstance(found, Terms) and self.need:
            found = replace(found, need=self.need)
        if isinstance(found, Terms) and self.sure:
            found = replace(found, need=replace(found.need, is_name_sure=True))
        return found

    def _talk(self, where: Host, parcel: Parcel, terms: Terms) -> Heard | Later:
        self.terms.append(terms)
        answers = [self.answers.get(name, OK) for name in parcel.recipients]
        if isinstance(answers[0], Later):
            return answers[0]
        b"".join(parcel.content())
        self.sent.append((where.name, parcel.recipients))
        self.parcels.append(parcel)
        self.after_sending()
        return Heard(tuple(a for a in answers[: self.at_once] if not isinstance(a, Later)))

    def _talk_lmtp(self, server: Host | LocalSocket, parcel: Parcel) -> Heard | Later:
        """Its answers go by what it is told of each recipient; it is an LMTP server's."""
        answers = [self.answers.get(name, OK) for name in parcel.recipients]
        if isinstance(answers[0], Later):
            return answers[0]
        b"".join(parcel.content())
        self.sent.append((str(server), parcel.recipients))
        self.parcels.append(parcel)
        return Heard(tuple(a for a in answers if not isinstance(a, Later)))


def attempt_until(rig: Rig, memory: MemoryDisk, id: str, count: int) -> bool:
    """True: the attempt came to its end before it was stopped."""
    rig.disk = WatchedDisk(memory, StopAfter(count))
    try:
        rig.attempt(id)
    except Stopped:
        return False
    finally:
        rig.disk = memory
        memory.stop()
    return True


def bounces(rig: Rig) -> list[bytes]:
    """The reports in the queue."""
    found = []
    for waiting in rig.spool().waiting():
        claim = rig.spool().claim(waiting.id)
        assert claim is not None
        assert claim.envelope.sender == ""
        found.append(b"".join(claim.blocks()))
        claim.release()
    return found
