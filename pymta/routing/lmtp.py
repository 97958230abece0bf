"""The LMTP server that mail for our mailboxes is handed to, as the settings name it.

No answer here is a failure of the message: the operator named the server, and can mend it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from pymta.config.local_transport import LmtpServer
from pymta.mail.caller import Address, LocalSocket, plain_address
from pymta.mail.host import Host
from pymta.resolver.answer import Failed, Found
from pymta.routing.mx import Lookups
from pymta.routing.route import Defer, Lmtp

# The name servers of the world need not know it (RFC 6761 s6.3).
_LOCALHOST: tuple[Address, ...] = (IPv6Address("::1"), IPv4Address("127.0.0.1"))


def route_by_lmtp(server: LmtpServer, lookups: Lookups) -> Lmtp | Defer:
    if isinstance(server, LocalSocket):
        return Lmtp((server,))
    name = server.name
    try:
        literal = plain_address(name)
    except ValueError:
        pass
    else:
        return Lmtp((Host(f"[{literal}]", literal, server.port),))
    found = Found(_LOCALHOST) if name.lower() == "localhost" else lookups.addresses(name)
    match found:
        case Found(addresses):
            return Lmtp(tuple(Host(name.lower(), a, server.port) for a in addresses))
        case Failed(why):
            return Defer(f"host lookup for LMTP server {name} did not complete: {why}")
    return Defer(f"LMTP server {name} has no address", "4.4.4")
