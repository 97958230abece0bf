"""What is wrong in a table of addresses, before mail waits or comes back because of it."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.mail.address import Mailbox, parse_mailbox
from pymta.routing.address_class import Ours, home_domain, virtual_domains
from pymta.routing.expansion import expand
from pymta.routing.own import OwnAddresses
from pymta.routing.rewriting import objection_to_name
from pymta.routing.route import Defer, Expanded, Fail, Item
from pymta.routing.target import Whom
from pymta.tables.table import Found
from pymta.tables.text import TextTable


def alias_mistakes(text: TextTable, own: OwnAddresses, *, is_virtual: bool) -> Iterator[str]:
    """Each with file and line: what nobody can read, and addresses of ours that lead to nobody."""
    yield from _unreadable(text)
    home = home_domain(own.settings.routing)
    for key, entry in text.entries():
        found = Found(entry.value, f"{text.name}:{entry.line}", text.name, entry.line)
        if is_virtual and (why := _no_virtual(key, own)):
            yield f"{found.where}: {why}"
        domain = home if is_virtual or "@" not in key else key.rpartition("@")[2]
        match expand(found, key=key, home=domain, router="", read_list=own.tables.read_list):
            case Defer(why, said=""):
                yield why
            case Expanded(items):
                giver = _ours(key if "@" in key else f"{key}@{home}", own)
                for item in items:
                    yield from _nobody(item, giver, own)


def mailbox_mistakes(text: TextTable, own: OwnAddresses) -> Iterator[str]:
    yield from _unreadable(text)
    for key, entry in text.entries():
        where = f"{text.name}:{entry.line}"
        why = _no_virtual(key, own)
        if why:
            yield f"{where}: {why}"
            continue
        route = own.mailbox_of(key)
        if isinstance(route, Defer):
            yield route.why


def recipient_mistakes(text: TextTable) -> Iterator[str]:
    """Of a table in which what stands behind the key says nothing."""
    yield from _unreadable(text)


def name_mistakes(text: TextTable) -> Iterator[str]:
    """Of a table that says what addresses are called."""
    yield from _unreadable(text)
    for _, entry in text.entries():
        if why := objection_to_name(entry.value):
            yield f"{text.name}:{entry.line}: {why}"


def _unreadable(text: TextTable) -> Iterator[str]:
    for mistake in text.mistakes:
        yield f"{text.name}:{mistake.line}: {mistake.why}"


def _no_virtual(key: str, own: OwnAddresses) -> str:
    _, at, domain = key.rpartition("@")
    if at and domain in virtual_domains(own.settings.routing):
        return ""
    return f"{key} is in none of virtual_domains"


def _nobody(item: Item, giver: Ours | None, own: OwnAddresses) -> Iterator[str]:
    """An address of ours that the alias of `giver` leads to, and that is nobody's."""
    if not isinstance(item.target, Whom):
        return
    whom = _ours(str(item.target.mailbox), own)
    if whom is None:
        return
    if item.target.is_final:
        route = own.route(whom, is_final=True)
    elif giver == whom:
        route = own.route(whom, (whom,))
    else:
        route = own.ends(whom)
    if isinstance(route, Fail):
        yield f"{item.where}: {item.target} gets no mail: {route.text}"


def _ours(address: str, own: OwnAddresses) -> Ours | None:
    mailbox = parse_mailbox(address)
    return own.ours(mailbox) if isinstance(mailbox, Mailbox) else None
