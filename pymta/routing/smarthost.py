"""One host that takes all remote mail, by name or by address; no MX is asked for it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from pymta.config.addresses import parse_host
from pymta.mail.caller import Address, plain_address
from pymta.mail.host import SMTP_PORT, Host
from pymta.resolver.answer import Failed, Found
from pymta.routing.mx import IsOurs, Lookups
from pymta.routing.route import Defer, Remote


def route_by_smarthost(smarthost: str, lookups: Lookups, *, is_ours: IsOurs) -> Remote | Defer:
    """Where `smarthost` (``host``, ``host:port``) is.  It is never ourselves.

    No answer here is a failure of the message: the operator named the host, and can mend it.
    """
    name, port = parse_host(smarthost, SMTP_PORT)
    hosts: tuple[Host, ...]
    literal = _maybe_literal(name)
    if literal is not None:
        hosts = (Host(f"[{literal}]", literal, port),)
    else:
        match lookups.addresses(name):
            case Found(addresses):
                hosts = tuple(Host(name.lower(), address, port) for address in addresses)
            case Failed(why):
                return Defer(f"host lookup for smarthost {name} did not complete: {why}")
            case _:
                return Defer(f"smarthost {name} has no address", "4.4.4")
    if any(is_ours(host) for host in hosts):
        return Defer(f"smarthost {smarthost} is this server itself", "4.4.6")
    return Remote(smarthost.lower(), hosts, router="smarthost")


def route_by_order(host: str, lookups: Lookups, *, is_ours: IsOurs) -> Remote | Defer:
    """The host that an operator named for one message, whoever its recipients are."""
    route = route_by_smarthost(host, lookups, is_ours=is_ours)
    return replace(route, router="reroute") if isinstance(route, Remote) else route


def _maybe_literal(name: str) -> Address | None:
    try:
        ip_address(name)
    except ValueError:
        return None
    return plain_address(name)
