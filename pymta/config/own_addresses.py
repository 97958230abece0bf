"""What must hold of the settings that say which addresses are ours, and where they lead.

The tables themselves are not looked at: they change without the settings, and one that cannot be
read makes mail wait.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pymta.config.addresses import is_domain_name
from pymta.config.rewriting import TABLES as NAMES
from pymta.config.rewriting import Rewriting
from pymta.config.rewriting import faults as faults_of_names
from pymta.config.routing import Routing
from pymta.config.table_name import OF_ADDRESSES, parse_table_name
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.mail.domain import key_of_domain

TABLES = ("alias_file", "virtual_aliases", "virtual_mailboxes", "relay_recipients")
_SUFFIX = re.compile(r"[A-Za-z0-9!#$%&'+/=?^_`{|}~.-]{1,32}\*?")

# Setting, place in its list (None: the whole), value, and what would be right.
Faulty = tuple[str, int | None, object, str]


def faults(routing: Routing, rewriting: Rewriting) -> Iterator[Faulty]:
    for key in TABLES:
        yield from _each(key, getattr(routing, key), _objection_to_table(routing))
    for key in NAMES:
        yield from _each(key, getattr(rewriting, key), _objection_to_table(routing))
    yield from faults_of_names(rewriting)
    yield from _each("local_part_suffix", routing.local_part_suffix, _objection_to_suffix)
    mailbox = parse_mailbox(routing.catch_all)
    if routing.catch_all and not isinstance(mailbox, Mailbox):
        wanted = 'want an address such as "postmaster" or "alice@example.org"'
        yield "catch_all", None, routing.catch_all, wanted
    domains = routing.virtual_domains
    yield from _each("virtual_domains", domains, _objection_to_domain(routing))
    if domains and not (routing.virtual_aliases or routing.virtual_mailboxes):
        wanted = "want virtual_aliases or virtual_mailboxes as well, or nobody is there"
        yield "virtual_domains", None, list(domains), wanted
    if routing.srs_domain and (wanted := _objection_to_srs_domain(routing)):
        yield "srs_domain", None, routing.srs_domain, wanted


def _each(key: str, items: tuple[str, ...], objection: Callable[[str], str]) -> Iterator[Faulty]:
    for number, item in enumerate(items):
        if wanted := objection(item):
            yield key, number, item, wanted


def _objection_to_table(routing: Routing) -> Callable[[str], str]:
    def objection(text: str) -> str:
        try:
            parse_table_name(text, routing.tables or {}, OF_ADDRESSES)
        except ValueError as error:
            return str(error)
        return ""

    return objection


def _objection_to_suffix(text: str) -> str:
    return "" if _SUFFIX.fullmatch(text) else 'want a suffix such as "+*", "-*" or "-request"'


def _objection_to_srs_domain(routing: Routing) -> str:
    if not is_domain_name(routing.srs_domain):
        return 'want a domain such as "srs.example.org"'
    if key_of_domain(routing.srs_domain) in map(key_of_domain, routing.relay_to_domains):
        return "it stands in relay_to_domains as well; want one whose mail ends here"
    return "" if routing.srs_secrets else "want srs_secrets as well, or nothing is signed"


def _objection_to_domain(routing: Routing) -> Callable[[str], str]:
    taken = {key_of_domain(name): "relay_to_domains" for name in routing.relay_to_domains}
    for name in routing.local_domains:
        own = routing.primary_hostname if name == "@" else name
        taken[key_of_domain(own)] = "local_domains"

    def objection(name: str) -> str:
        if not is_domain_name(name):
            return 'want a domain such as "example.org"'
        option = taken.get(key_of_domain(name), "")
        return f"it stands in {option} as well; want it in one of them" if option else ""

    return objection
