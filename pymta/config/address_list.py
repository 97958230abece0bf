"""Lists of addresses, in policy rules and of accounts, and whether an address is in one.

    ["!news@example.org", "example.org", ".example.net", "root@", "<>", "^bounce[0-9]+@"]

    user@example.org     one address                 example.org          all of a domain
    .example.org         of the domains below it     user@                in whatever domain
    <>                   the null sender             *                    everybody
    @                    our own domain              ^...                 a regular expression
    !ITEM                says no                     /path                of a file (in rules)

"*.example.org" says the same as ".example.org".  The first item that matches decides; where none
does, the address is in the list only if its last item says no.  Letter case does not count, and
domains are compared, and shown to regular expressions, in ASCII.

A question costs a few look-ups, however long the list is, beside its regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from pymta.config.addresses import is_host_name
from pymta.config.pattern import parse_pattern
from pymta.mail.address import Mailbox, is_domain, parse_mailbox
from pymta.mail.domain import key_of_domain

NULL, EVERYBODY, OURSELVES = "<>", "*", "@"
_WANTED = (
    'want an address, a domain such as "example.org", ".example.org" for those below it, "user@",'
    ' "<>", "*", "@", or a regular expression such as "^bounce"; "!" in front says no'
)


class _Item(NamedTuple):
    place: int
    says: bool


class AddressList:
    def __init__(self, items: Iterable[str], ourselves: str) -> None:
        """`ourselves` is what "@" stands for."""
        self._exact: dict[str, _Item] = {}  # addresses and domains, "user@" and NULL as they are
        self._below: dict[str, _Item] = {}  # "" for EVERYBODY
        self._patterns: list[tuple[re.Pattern[str], _Item]] = []
        place, says = 0, True
        for place, text in enumerate(items, 1):
            says = not text.startswith("!")
            self._add(key_of(text), _Item(place, says), ourselves.lower())
        self._otherwise = _Item(place + 1, bool(place) and not says)

    def _add(self, key: str, item: _Item, ourselves: str) -> None:
        if key.startswith("^"):
            self._patterns.append((parse_pattern(key), item))
        elif key == EVERYBODY:
            self._below.setdefault("", item)
        elif key.startswith("."):
            self._below.setdefault(key[1:], item)
        else:
            self._exact.setdefault(ourselves if key == OURSELVES else key, item)

    def holds(self, mailbox: Mailbox | None) -> bool:
        """None: the null sender."""
        if mailbox is None:
            return self._says(NULL, (NULL,), "")
        text, local, domain = _keys(mailbox)
        return self._says(text, (text, local), domain)

    def holds_name(self, name: str) -> bool:
        """The same for a name without a local part, such as that of HELO."""
        text = key_of_domain(name.removesuffix("."))
        return self._says(text, (), text)

    def _says(self, text: str, keys: tuple[str, ...], domain: str) -> bool:
        found = [self._otherwise]
        found += [self._exact[key] for key in (*keys, domain) if key in self._exact]
        if "" in self._below:
            found.append(self._below[""])
        while domain := domain.partition(".")[2]:
            if domain in self._below:
                found.append(self._below[domain])
        first = min(found)
        for pattern, item in self._patterns:
            if item < first and pattern.search(text):
                return item.says
        return first.says


@lru_cache(maxsize=64)
def _keys(mailbox: Mailbox) -> tuple[str, str, str]:
    """Of one address, which many lists are asked about: as a whole, its local part, its domain."""
    domain = key_of_domain(mailbox.domain)
    local = str(mailbox).rpartition("@")[0].lower()
    return f"{local}@{domain}", f"{local}@", domain


def key_of(text: str) -> str:
    """How an item compares."""
    bare = text.removeprefix("!").strip()
    if bare.startswith("^") or bare in {EVERYBODY, OURSELVES, NULL}:
        return bare
    local, at, domain = bare.removeprefix("*@").rpartition("@")
    if domain == EVERYBODY:
        return f"{local.lower()}@"
    return f"{local.lower()}{at}{_domain_key(domain.removeprefix('*'))}"


def _domain_key(domain: str) -> str:
    dot = "." if domain.startswith(".") else ""
    return f"{dot}{key_of_domain(domain.removeprefix('.'))}"


def parse_address_item(text: str) -> None:
    """Raises ValueError with the words for the operator."""
    key = key_of(text)
    if key.startswith("^"):
        parse_pattern(key)
    elif key not in {NULL, EVERYBODY, OURSELVES} and not _is_address_or_domain(key):
        raise ValueError(_WANTED)


def parse_name_item(text: str) -> None:
    """One that may stand in a list of names: no addresses.  Raises ValueError."""
    key = key_of(text)
    if key.startswith("^"):
        parse_pattern(key)
    elif key not in {EVERYBODY, OURSELVES} and not is_domain(key.removeprefix(".")):
        raise ValueError(
            'want a name such as "example.org", ".example.org" for those below it, "*", "@" for our'
            ' own, or a regular expression such as "^dsl"; "!" in front says no'
        )


def _is_address_or_domain(key: str) -> bool:
    if key.endswith("@"):
        return isinstance(parse_mailbox(key[:-1]), Mailbox)
    if "@" in key:
        mailbox = parse_mailbox(key)
        return isinstance(mailbox, Mailbox) and bool(mailbox.domain)
    return is_host_name(key.removeprefix(".")) or is_domain(key)
