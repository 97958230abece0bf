"""What can be found out about whoever calls: his names, and in which lists of hosts he stands.

Nothing is asked before somebody needs to know it; it is forgotten with the connection (N-15).  All
that one list asks of the DNS shares one `dns_timeout`, so that a dead name server keeps nobody
waiting for long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Address
from typing import Protocol

from pymta.config.settings import Settings
from pymta.mail.caller import Address
from pymta.mail.host_list import Answer, host_list
from pymta.policy.decision import Decision, Explain, nobody_asks
from pymta.resolver.answer import Answer as DnsAnswer
from pymta.resolver.answer import Mx
from pymta.resolver.reverse import Hosts, known_addresses, verified_names

_IN_WORDS = {
    Answer.YES: "in it",
    Answer.NO: "not in it",
    Answer.UNKNOWN: "nobody could tell in time",
}


class Dns(Protocol):
    """The part of `pymta.resolver.query.Resolver` that a session asks."""

    def names(self, address: Address) -> DnsAnswer[str]: ...

    def addresses(self, name: str) -> DnsAnswer[Address]: ...

    def mx(self, domain: str) -> DnsAnswer[Mx]: ...

    def listed(
        self, names: Sequence[str], seconds: float
    ) -> Mapping[str, DnsAnswer[IPv4Address]]: ...

    def texts(self, name: str) -> DnsAnswer[str]: ...

    def start_budget(self, seconds: float) -> None: ...


class Caller:
    """One caller; it is a `pymta.mail.host_list.Lookup`.

    `address` is None for a user of this machine: he is in the lists
    that everybody is in, and nothing is looked up.
    `explain` hears why he is in a list, or is not.
    `hosts` reads the hosts file, `is_ours` asks the machine whether an address is its own.
    """

    def __init__(
        self,
        address: Address | None,
        settings: Settings,
        dns: Dns,
        hosts: Callable[[], Hosts],
        is_ours: Callable[[Address], bool],
        *,
        explain: Explain = nobody_asks,
    ) -> None:
        self._address = address
        self._settings = settings
        self._dns = dns
        self._read_hosts = hosts
        self.is_ours = is_ours
        self._explain = explain

    def is_another(self, address: Address) -> None:
        """A proxy spoke for him: nothing that was found out before is about him."""
        self._address = address
        self.__dict__.pop("_names", None)

    def is_called(self, names: tuple[str, ...] | None) -> None:
        """Told by somebody who is believed; None: it cannot be said now."""
        self.__dict__["_names"] = names

    @property
    def own_name(self) -> str:
        return self._settings.hostname

    def is_in(self, hosts: Sequence[str], option: str = "") -> Answer:
        """Is he in this list of the settings, which is that of the option, or part of a rule?"""
        listed = host_list(tuple(hosts))
        if self._address is None:
            return Answer.YES if listed.holds_without_address() else Answer.NO
        if listed.needs_to_know:
            self._dns.start_budget(self._settings.routing.dns_timeout)
        answer, item = listed.decide(self._address, self)
        if option and self._explain is not nobody_asks:
            place = () if item is None else (item,)
            self._explain(Decision(option, f"[{self._address}]: {_IN_WORDS[answer]}", place))
        return answer

    def names(self) -> tuple[str, ...] | None:
        return self._names

    def addresses(self, name: str) -> tuple[Address, ...] | None:
        return known_addresses(name, self._hosts, self._dns.addresses)

    @cached_property
    def _hosts(self) -> Hosts:
        return self._read_hosts()

    @cached_property
    def _names(self) -> tuple[str, ...] | None:
        if self._address is None:
            return ()
        order = self._settings.session.host_lookup_order
        return verified_names(
            self._address, order, self._hosts, self._dns.names, self._dns.addresses
        )
