"""Hosts that take mail for others, by name or by address, as an operator has set them.

They are never ourselves.  No answer here is a failure of the message: the operator named the host,
and can mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address

from pymta.config.addresses import parse_host
from pymta.config.settings import Settings
from pymta.config.smarthosts import Smarthost, only, read_smarthosts
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.caller import plain_address
from pymta.mail.host import SMTP_PORT, Host
from pymta.resolver.answer import Failed, Found, Mx
from pymta.routing.expansion import TABLE_TROUBLE
from pymta.routing.mx import IsOurs, Lookups, Shuffle, hosts_named, route_by_mx
from pymta.routing.route import Defer, Fail, Remote
from pymta.tables.address_tables import OpenTable
from pymta.tables.table import InOrder, Nothing, Table, Unsure
from pymta.tables.text import key_of_address, key_of_catch_all


def smarthosts_of(settings: Settings) -> tuple[Smarthost, ...]:
    """All of them, in the order in which they are asked; the one for everything comes last."""
    routing = settings.routing
    found = read_smarthosts(routing.smarthosts or {}, settings.hostname)
    return (*found, only(routing.smarthost)) if routing.smarthost else found


def choose(
    smarthosts: Iterable[Smarthost], sender: str, domain: str, table: OpenTable
) -> Smarthost | Defer | None:
    """For one recipient; None, or one without hosts: none.

    `sender` is "" for the null sender, `domain` may be an address in brackets.
    """
    mailbox = parse_mailbox(sender) if sender else None
    who = mailbox if isinstance(mailbox, Mailbox) else None
    for one in smarthosts:
        is_listed = None if one.senders is None else one.senders.holds(who)
        takes = _holds(is_listed, map(table, one.senders_in), _keys_of_sender(who))
        if takes is True:
            is_listed = None if one.domains is None else domain in one.domains
            takes = _holds(is_listed, map(table, one.domains_in), _keys_of_domain(domain))
        if isinstance(takes, Unsure):
            return Defer(takes.why, TABLE_TROUBLE)
        if takes:
            return one
    return None


def _holds(is_listed: bool | None, tables: Iterable[Table], keys: Iterable[str]) -> bool | Unsure:
    """`is_listed` None: there is no list; without tables, either, it is so of everybody."""
    asked = tuple(tables)
    if is_listed or (is_listed is None and not asked):
        return True
    for key in keys:
        answer = InOrder(asked).lookup(key)
        if not isinstance(answer, Nothing):
            return answer if isinstance(answer, Unsure) else True
    return False


def _keys_of_sender(mailbox: Mailbox | None) -> tuple[str, ...]:
    if mailbox is None or not mailbox.domain:
        return ()
    domain = mailbox.domain
    return key_of_address(mailbox.local, domain), key_of_catch_all(domain)


def _keys_of_domain(domain: str) -> tuple[str, ...]:
    return () if domain.startswith("[") else (key_of_catch_all(domain),)


def route_by_smarthost(
    smarthost: Smarthost, lookups: Lookups, *, is_ours: IsOurs, shuffle: Shuffle
) -> Remote | Defer:
    """All hosts of it, in their order; Defer only when none was found, or one is this server."""
    hosts: list[Host] = []
    doubt: Defer | None = None
    for text in smarthost.hosts:
        if smarthost.by_mx:
            found = _by_mx(text, lookups, is_ours, shuffle)
        else:
            found = _by_address(text, lookups)
        if isinstance(found, Defer):
            doubt = doubt or found
        elif any(map(is_ours, found)):
            return Defer(f"smarthost {text} is this server itself", "4.4.6")
        else:
            hosts += found
    if not hosts:
        return doubt or Defer("smarthost without hosts", "4.3.5")
    return Remote(
        smarthost.hosts[0].lower(),
        tuple(hosts),
        router="smarthost",
        login=smarthost.login,
        tls_on_connect=smarthost.tls_on_connect,
        tls=smarthost.tls,
        own=smarthost.own,
    )


def route_by_order(host: str, lookups: Lookups, *, is_ours: IsOurs) -> Remote | Defer:
    """The host that an operator named for one message, whoever its recipients are."""
    smarthost = only(host)
    route = route_by_smarthost(smarthost, lookups, is_ours=is_ours, shuffle=_leave)
    return replace(route, router="reroute") if isinstance(route, Remote) else route


def _leave(_: list[Mx]) -> None:
    """No MX is asked for it."""


def _by_address(text: str, lookups: Lookups) -> list[Host] | Defer:
    if named := _named_by_address(text):
        return [named]
    name, port = parse_host(text, SMTP_PORT)
    match lookups.addresses(name):
        case Found() as found:
            return hosts_named(name.lower(), port, found, is_signed=True)
        case Failed(why):
            return Defer(f"host lookup for smarthost {name} did not complete: {why}")
    return Defer(f"smarthost {name} has no address", "4.4.4")


def _by_mx(text: str, lookups: Lookups, is_ours: IsOurs, shuffle: Shuffle) -> list[Host] | Defer:
    if _named_by_address(text):
        return _by_address(text, lookups)
    name, port = parse_host(text, SMTP_PORT)
    found = route_by_mx(name.lower(), lookups, port=port, is_ours=is_ours, shuffle=shuffle)
    match found:
        case Remote():
            return [_named(host, name.lower()) for host in found.hosts]
        case Fail(why):
            return Defer(f"smarthost {name}: {why}", "4.4.4")
    return Defer(f"smarthost {name}: {found.why}", found.enhanced)


def _named(host: Host, name: str) -> Host:
    """Not more than the DNS says, unless it is the name that the operator gave."""
    return host if host.name == name else replace(host, mx_of=name)


@lru_cache(maxsize=64)  # of one setting, for each message
def _named_by_address(text: str) -> Host | None:
    name, port = parse_host(text, SMTP_PORT)
    try:
        ip_address(name)
    except ValueError:
        return None
    literal = plain_address(name)
    return Host(f"[{literal}]", literal, port)
