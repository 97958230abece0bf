"""Is a host that we are about to send to ourselves?

Mail that we send to ourselves comes back to be sent again.  A host is we when its address is one
of this machine's, or its name is ours (behind address translation the address in the DNS is not
on any interface), and its port is one that we listen on.  The port counts, because two servers
on one machine, ours and another's on another port, are a usual set-up.
"""

from __future__ import annotations

from collections.abc import Callable

from pymta.config.addresses import PortOf, parse_interface, parse_port
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.mail.host import Host


@dataclass(frozen=True, slots=True)
class Ourselves:
    """`is_local_address` asks the machine, see `pymta.routing.here`.

    `ports` are ours, asked for when there is a host to compare: to know a service by its name may
    take the machine more work than a whole local delivery.
    """

    hostname: str
    ports: Callable[[], frozenset[int]]
    is_local_address: Callable[[Address], bool]

    def is_host(self, host: Host) -> bool:
        if host.port not in self.ports():
            return False
        return host.name.lower() == self.hostname.lower() or self.is_local_address(host.address)


def our_ports(settings: Settings, port_of: PortOf) -> frozenset[int]:
    """Every port that the settings let us listen on.  A service that has no port any more is none.

    `port_of` looks up a service name.
    """
    if settings.machine.serve_port:
        return frozenset({settings.machine.serve_port})
    ports = {parse_interface(item)[1] for item in settings.listen.local_interfaces} - {0}
    for text in settings.listen.daemon_smtp_ports:
        try:
            ports.add(parse_port(text, port_of))
        except ValueError:
            continue
    return frozenset(ports)
