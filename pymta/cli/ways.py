"""Ask the code of a delivery where mail for an address would go, without delivering anything.

Routers, host memory and retry rules are those of a delivery worker.  Of a system user the delivery
helper is asked to look for a .forward, and to store nothing.  What is asked of the DNS is asked
afresh, as at each attempt.

Touches: disk, sockets, clock.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from pymta.cli.explanation import (
    DELIVERS,
    FAILS,
    GOES_ON,
    VANISHES,
    WAITS,
    Explained,
    HostView,
)
from pymta.config.local_transport import MAILDIR, MBOX
from pymta.config.settings import Settings
from pymta.delivery.carry import BLACKHOLE, LOCAL, transport_of_item
from pymta.delivery.outcome import LMTP
from pymta.delivery.real_world import world_as_it_is
from pymta.delivery.to_hosts import SMTP, terms_for
from pymta.delivery.world import World
from pymta.journal.log import Log
from pymta.mail.caller import LocalSocket
from pymta.mail.host import Host
from pymta.mail.trouble import LOOKUP, Trouble
from pymta.routing.forward_file import Wanted, parse_forward
from pymta.routing.route import (
    LOCAL_USER,
    Defer,
    Discard,
    Expanded,
    Fail,
    Item,
    Lmtp,
    Local,
    Remote,
    Route,
    User,
)
from pymta.routing.srs import is_outside
from pymta.routing.target import Blackhole, Unusable, Whom
from pymta.tables.table import Unsure as NoSecret
from pymta.transport.classify import Later
from pymta.transport.hand import Hand
from pymta.transport.local_request import Deed, Forward
from pymta.transport.parcel import Parcel
from pymta.transport.tls_need import NO_WISH, Unsure, Wish

DEEPEST = 20  # steps from one who has his mail sent on to the next


class Explain(Protocol):
    def __call__(
        self, address: str, before: tuple[str, ...] = (), *, is_final: bool = False
    ) -> Explained: ...


def explainer(
    settings: Settings, log: Log, sender: str, by_order: str = "", wish: Wish = NO_WISH
) -> Explain:
    """For one message of `sender`, for which an operator may have named a host."""
    return Ways(world_as_it_is(settings, log), sender, by_order, wish).explain


class Ways:
    """`world` is that of a delivery worker; its spool is not asked."""

    def __init__(self, world: World, sender: str, by_order: str = "", wish: Wish = NO_WISH) -> None:
        self._world = world
        self._sender = sender
        self._wish = wish
        self._route = world.new_routes(by_order, sender)
        self._followed: set[tuple[tuple[str, str], bool]] = set()

    def explain(
        self, address: str, before: tuple[str, ...] = (), *, is_final: bool = False
    ) -> Explained:
        """`before` are those who have it sent on to this one."""
        if len(before) > DEEPEST:
            return Explained(address, WAITS, f"it has been sent on more than {DEEPEST} times")
        route = self._route(address, before, is_final)
        found = self._of_route(address, route, before, is_final=is_final)
        if found.verdict not in {DELIVERS, WAITS} or found.rule:
            return found
        return replace(found, rule=self._rule(address) if found.hosts else "")

    def _of_route(
        self, address: str, route: Route, before: tuple[str, ...], *, is_final: bool
    ) -> Explained:
        match route:
            case Local(mailbox):
                transport = MBOX if route.is_mbox else MAILDIR
                way = f"into mailbox {mailbox}"
                return Explained(address, DELIVERS, way, LOCAL, transport, where=route.where)
            case Expanded():
                return self._of_alias(address, route, before)
            case Discard(where, router):
                way = "nobody gets it, and nobody is told"
                return Explained(address, VANISHES, way, router, BLACKHOLE, where=where)
            case User():
                return self._of_user(address, route, before, is_final=is_final)
            case Lmtp(servers):
                return self._to_servers(address, servers)
            case Remote():
                return self._to_hosts(address, route, is_sent_on=bool(before))
            case Fail(text, enhanced):
                return Explained(address, FAILS, text, status=enhanced)
            case Defer():
                return Explained(address, WAITS, route.why, status=route.enhanced)

    def _of_alias(self, address: str, route: Expanded, before: tuple[str, ...]) -> Explained:
        """Whoever is named twice is followed once; the rest would be the same again."""
        if not before:
            self._followed.clear()
        key = self._world.key_of(address), bool(before)
        if key in self._followed:
            return Explained(address, GOES_ON, "as it does above", route.router)
        self._followed.add(key)
        onward = tuple(self._of_item(item, address, before, route.router) for item in route.items)
        way = f"{route.key} leads to others"
        return Explained(address, GOES_ON, way, route.router, where=route.where, onward=onward)

    def _of_item(self, item: Item, address: str, before: tuple[str, ...], router: str) -> Explained:
        target = item.target
        if isinstance(target, Whom):
            return self.explain(str(target.mailbox), (*before, address), is_final=target.is_final)
        way = f"as {self._world.settings.deliver.alias_user}"
        kind = transport_of_item(str(target))
        return Explained(str(target), DELIVERS, way, router, kind, where=item.where)

    def _of_user(
        self, address: str, user: User, before: tuple[str, ...], *, is_final: bool
    ) -> Explained:
        account = user.account
        if user.item:
            kind = transport_of_item(user.item)
            return Explained(address, DELIVERS, f"as {account}", LOCAL_USER, kind)
        if not is_final:
            content = self._forward_of(account, address)
            if isinstance(content, Later):
                return Explained(address, WAITS, content.text, LOCAL_USER)
            targets = parse_forward(content, self._world.settings.deliver)
            if isinstance(targets, Unusable):
                why = f"the forward file of {account} cannot be used: {targets.why}"
                return Explained(address, WAITS, why, LOCAL_USER)
            if targets:
                return self._on_to(address, account, targets, before)
        if user.lmtp:
            return self._to_servers(address, user.lmtp.servers)
        way = f"into the mailbox of {account}"
        kind = MBOX if self._world.settings.deliver.mail_spool_directory else MAILDIR
        return Explained(address, DELIVERS, way, LOCAL_USER, kind)

    def _on_to(
        self, address: str, account: str, targets: Wanted, before: tuple[str, ...]
    ) -> Explained:
        onward: list[Explained] = []
        own = address.rpartition("@")[2] if "@" in address else ""
        for target in targets:
            if not isinstance(target, Whom):
                way = f"as {account}"
                is_lost = isinstance(target, Blackhole)
                kind = BLACKHOLE if is_lost else transport_of_item(str(target))
                onward.append(Explained(str(target), DELIVERS, way, LOCAL_USER, kind))
                continue
            mailbox = target.mailbox
            next_one = str(replace(mailbox, domain=mailbox.domain or own))
            key = self._world.key_of
            # A circle ends in the mailbox of whoever closes it.
            has_been = key(next_one) in {key(one) for one in (*before, address)}
            onward.append(
                self.explain(next_one, (*before, address), is_final=target.is_final or has_been)
            )
        way = f"the .forward of {account} has it sent on"
        return Explained(address, GOES_ON, way, LOCAL_USER, onward=tuple(onward))

    def _forward_of(self, account: str, address: str) -> bytes | Later:
        empty = Parcel(
            "explain", self._sender, (address,), b"", 0, False, lambda: iter(()), lambda: True
        )
        with self._asking(empty) as hand:
            answer = hand(account, address, Deed.LOOK)
        if isinstance(answer, Forward):
            return answer.content
        return answer if isinstance(answer, Later) else b""

    def _asking(self, parcel: Parcel) -> AbstractContextManager[Hand]:
        return self._world.to_users(parcel)

    def _to_servers(self, address: str, servers: tuple[Host | LocalSocket, ...]) -> Explained:
        hosts = tuple(self._view(server) for server in servers)
        return _with_hosts(Explained(address, DELIVERS, "to an LMTP server", LOCAL, LMTP), hosts)

    def _to_hosts(self, address: str, route: Remote, *, is_sent_on: bool) -> Explained:
        hosts = tuple(self._remote_view(route, host) for host in route.hosts)
        way = f"over SMTP to {route.destination}"
        if is_sent_on and is_outside(address, self._world.settings.routing):
            sender = self._world.sender_of_ours(self._sender)
            if isinstance(sender, NoSecret):
                return Explained(address, WAITS, sender.why, route.router, SMTP, hosts=hosts)
            way += f", from {sender}" if sender != self._sender else ""
        found = _with_hosts(Explained(address, DELIVERS, way, route.router, SMTP), hosts)
        limit = self._world.throttle.look(route.destination)
        if limit is None:
            return found
        until = max(found.next_try, limit.until)
        return replace(found, verdict=WAITS, limits=(str(limit),), next_try=until)

    def _remote_view(self, route: Remote, host: Host) -> HostView:
        """With how much TLS it is owed, for a message of this wish."""
        memory = self._world.memory
        terms = terms_for(self._wish, host, route, self._world)
        if isinstance(terms, Unsure):
            return HostView(str(host), "", memory.hint(host), trouble=terms.why)
        memory = memory.on(terms.key)
        login = terms.login.name if terms.login else ""
        hint, until = memory.hint(host), memory.wait_until(host)
        certificate = terms.own.certificate if terms.own else ""
        return HostView(str(host), str(terms.need), hint, until, login, certificate)

    def _view(self, host: Host | LocalSocket) -> HostView:
        if isinstance(host, LocalSocket):
            return HostView(str(host))
        memory = self._world.memory
        return HostView(str(host), "", memory.hint(host), memory.wait_until(host))

    def _rule(self, address: str) -> str:
        return self._world.rules.words(Trouble(LOOKUP, address, self._sender))


def _with_hosts(explained: Explained, hosts: tuple[HostView, ...]) -> Explained:
    """It waits when none of them may be asked yet."""
    if hosts and all(host.until or host.trouble for host in hosts):
        next_try = min((host.until for host in hosts if host.until), default=0.0)
        return replace(explained, verdict=WAITS, hosts=hosts, next_try=next_try)
    return replace(explained, hosts=hosts)
