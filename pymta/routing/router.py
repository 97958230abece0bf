"""The chain: where does mail for this recipient go?

Asked at every attempt, because settings and the DNS change while a message waits.  First answer
wins: ours, a smarthost, the host named by its address, the MX of the domain.  Lookups and
randomness are passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from pymta.config.local_transport import MBOX, lmtp_server, transport_of
from pymta.config.settings import Settings
from pymta.config.smarthosts import Smarthost
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.mail.domain import key_of_domain
from pymta.mail.host import Host
from pymta.routing.address_class import (
    AddressClass,
    Nonsense,
    Ours,
    TheirAddress,
    TheirDomain,
    classify,
)
from pymta.routing.lmtp import route_by_lmtp
from pymta.routing.mx import Lookups, Shuffle, route_by_mx
from pymta.routing.ourselves import Ourselves
from pymta.routing.own import OwnAddresses
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
from pymta.routing.smarthost import choose, route_by_smarthost
from pymta.routing.target import Blackhole, is_item


@dataclass(frozen=True, slots=True)
class Router:
    """Routes the recipients of one message; each destination is looked up once.

    `own` knows the addresses of ours.  `smarthosts` are those of the settings, of which the
    `sender` of the message decides besides the recipient.
    """

    own: OwnAddresses
    lookups: Lookups
    ourselves: Ourselves
    shuffle: Shuffle
    smarthosts: tuple[Smarthost, ...] = ()
    sender: str = ""
    _known: dict[str, Route] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.own.settings

    def route(self, address: str, via: Sequence[str] = (), *, is_final: bool = False) -> Route:
        """The route of a recipient, as it stood in RCPT TO without brackets.

        `via` are the addresses that have sent the message on to it; `is_final`: into the mailbox
        itself, and no further.
        """
        if via and is_item(address):
            return self._of_giver(address, via)
        match self._classify(address):
            case Nonsense(why):
                return Fail(f"no such address: {why}", "5.1.3")
            case Ours() as ours:
                before = [one for one in map(self._classify, via) if isinstance(one, Ours)]
                return self._by_transport(
                    self.own.route(ours, before, is_final=is_final),
                    ours.domain or key_of_domain(self.settings.hostname),
                )
            case TheirAddress(literal):
                return self._once(f"[{literal}]", literal)
            case TheirDomain(domain):
                return self._once(domain, None)

    def _of_giver(self, item: str, via: Sequence[str]) -> Route:
        """A command or a file, on behalf of whoever has named it, if he still does."""
        giver = self.route(via[-1], via[:-1])
        match giver:
            case User(account) if item == str(Blackhole()):
                return Discard(f"the .forward of {account}", LOCAL_USER)
            case User():
                return replace(giver, item=item)
            case Expanded(items) if item in {str(one.target) for one in items}:
                return User(self.settings.deliver.alias_user, item=item, is_alias=True)
            case Defer():
                return giver
        return Defer(f"{via[-1]} does not lead to {item} any more", "4.3.0")

    def _by_transport(self, route: Route, domain: str) -> Route:
        """The same, the way that `local_transport` names for this domain."""
        way = transport_of(self.settings.routing.local_transport, domain)
        if way == MBOX and isinstance(route, Local):
            return replace(route, is_mbox=True)
        server = lmtp_server(way)
        if server is None or not isinstance(route, Local | User):
            return route
        if way not in self._known:
            self._known[way] = route_by_lmtp(server, self.lookups)
        lmtp = self._known[way]
        if isinstance(route, User) and isinstance(lmtp, Lmtp):
            return replace(route, lmtp=lmtp)
        return lmtp

    def _classify(self, address: str) -> AddressClass:
        return classify(address, self.settings.routing, self.ourselves.is_local_address)

    def _once(self, destination: str, literal: Address | None) -> Route:
        smarthost = choose(self.smarthosts, self.sender, destination, self.own.tables.named)
        if isinstance(smarthost, Defer):
            return smarthost
        key = destination
        if smarthost and smarthost.hosts:
            key = f"smarthost {smarthost.name}"
        if key not in self._known:
            self._known[key] = self._route_remote(destination, literal, smarthost)
        return self._known[key]

    def _route_remote(
        self, destination: str, literal: Address | None, smarthost: Smarthost | None
    ) -> Route:
        lookups, is_ours, shuffle = self.lookups, self.ourselves.is_host, self.shuffle
        port = self.settings.transport.remote_smtp_port
        if smarthost and smarthost.hosts:
            return route_by_smarthost(smarthost, lookups, is_ours=is_ours, shuffle=shuffle)
        if literal is not None:
            return Remote(destination, (Host(destination, literal, port),))
        return route_by_mx(destination, lookups, port=port, is_ours=is_ours, shuffle=shuffle)
