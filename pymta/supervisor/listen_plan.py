"""From settings to an ordered list of addresses to listen on (PT-01…03, IF-01…06).

The plan is made before anything is opened, so that every mistake in it is reported at once and
at the place where it was made.  Order matters: an IPv6 wildcard stands right before the IPv4
wildcard of the same port (IF-05), because that is the pair that `bind_faults` can rescue.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

from pymta.config.addresses import PortOf, parse_interface, parse_port
from pymta.config.listen import Listen
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.supervisor.listener import Listener, Listeners

ONLY_OWN = ("daemon_smtp_ports", "local_interfaces", "local_socket")  # of sockets that we bind


@dataclass(frozen=True, slots=True)
class ListenAt:
    """One socket to open.  `scope` is the zone of a link-local address, such as "eth0"."""

    address: Address
    port: int
    scope: str = ""

    @property
    def is_wildcard(self) -> bool:
        """Any all-zero address is one, however it was written (IF-04)."""
        return int(self.address) == 0

    @property
    def is_ipv6(self) -> bool:
        return isinstance(self.address, IPv6Address)

    @property
    def shown(self) -> str:
        """As BL-06 and PT-03 name it."""
        if self.is_wildcard:
            return "(any IPv6)" if self.is_ipv6 else "(any IPv4)"
        return str(self.address)


def plan(listen: Listen, port_of: PortOf) -> tuple[ListenAt, ...]:
    """The sockets to open, in order.  Raises ValueError in the words of the catalogue.

    The settings were checked when they were read; a service name may have gone since.
    """
    ports = tuple(parse_port(item, port_of) for item in listen.daemon_smtp_ports)
    wanted = [ListenAt(*parse_interface(item)) for item in listen.local_interfaces]
    if listen.disable_ipv6:
        wanted = [item for item in wanted if not item.is_ipv6]
    spread = [one for item in wanted for one in _fan_out(item, ports)]
    if not spread:
        raise ValueError("local_interfaces leaves nothing to listen on")
    return _pair_wildcards(spread)


def not_served(listen: Listen, found: Listeners, port_of: PortOf) -> tuple[ListenAt, ...]:
    """What the settings ask for, and no socket in hand takes calls for.

    Nothing where nobody has set anything: defaults ask for nothing.
    """
    usual = Listen()
    if all(getattr(listen, name) == getattr(usual, name) for name in ONLY_OWN):
        return ()
    try:
        wanted = plan(listen, port_of)
    except ValueError:  # nobody has to be able to open it
        return ()
    return tuple(at for at in wanted if not any(_serves(one, at) for one in found.network))


def _serves(one: Listener, at: ListenAt) -> bool:
    """A wildcard takes the calls for each address of its family."""
    if one.at.port != at.port:
        return False
    is_family = one.is_ipv6 == at.is_ipv6 or (one.takes_ipv4 and not at.is_ipv6)
    return one.at.address == at.address or (one.is_wildcard and is_family)


def _fan_out(item: ListenAt, ports: tuple[int, ...]) -> tuple[ListenAt, ...]:
    """An address without a port of its own is wanted once per default port (PT-02)."""
    if item.port:
        return (item,)
    if not ports:
        name = f'"all {"IPv6" if item.is_ipv6 else "IPv4"}"' if item.is_wildcard else item.shown
        raise ValueError(
            f"no port specified for interface {name} and daemon_smtp_port is unset;"
            " cannot start daemon"
        )
    return tuple(replace(item, port=port) for port in ports)


def _pair_wildcards(wanted: list[ListenAt]) -> tuple[ListenAt, ...]:
    """Make both wildcards of a port neighbours, IPv6 first (IF-05); nothing else moves."""
    rest = list(wanted)
    ordered: list[ListenAt] = []
    while rest:
        item = rest.pop(0)
        partner = _partner(item, rest)
        if partner is None:
            ordered.append(item)
        else:
            rest.remove(partner)
            ordered += [item, partner] if item.is_ipv6 else [partner, item]
    return tuple(ordered)


def _partner(item: ListenAt, later: list[ListenAt]) -> ListenAt | None:
    if not item.is_wildcard:
        return None
    return next(
        (
            other
            for other in later
            if other.is_wildcard and other.port == item.port and other.is_ipv6 != item.is_ipv6
        ),
        None,
    )
