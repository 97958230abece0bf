"""Lists of domains as settings write them, and whether a domain is in one.

    ["!mx.example.org", "*.example.org", "example.net", "@"]

"@" is primary_hostname, "*" everything, "*.example.org" all below example.org but not itself; "!"
in front of an item says no.  The first item that matches decides; where none does, the domain is
in the list only if its last item says no, as if "*" stood behind it.  Letter case does not count.

A question costs one look-up per label of the domain, however long the list is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from pymta.config.addresses import is_domain_name
from pymta.mail.domain import key_of_domain

EVERYTHING = ("*",)
OURSELVES = "@"


class _Item(NamedTuple):
    place: int
    says: bool


class DomainList:
    def __init__(self, items: Iterable[str], ourselves: str) -> None:
        """`ourselves` is what "@" stands for."""
        self._exact: dict[str, _Item] = {}
        self._below: dict[str, _Item] = {}  # "" for "*"
        last = True
        place = 0
        for place, item in enumerate(items, 1):
            name = item.removeprefix("!").strip().lower()
            last = not item.startswith("!")
            name = ourselves.lower() if name == OURSELVES else name
            known = self._below if name.startswith("*") else self._exact
            bare = name.lstrip("*").removeprefix(".")
            known.setdefault(key_of_domain(bare), _Item(place, last))
        self._otherwise = _Item(place + 1, bool(place) and not last)

    def __contains__(self, domain: str) -> bool:
        found = [self._otherwise]
        name = key_of_domain(domain)
        if name in self._exact:
            found.append(self._exact[name])
        while name:
            name = name.partition(".")[2]
            if name in self._below:
                found.append(self._below[name])
        return min(found).says


NOBODY = DomainList((), "")


@cache
def domain_list(items: tuple[str, ...], ourselves: str) -> DomainList:
    """The list of a setting; made once per process."""
    return DomainList(items, ourselves) if items else NOBODY


def parse_domain_item(text: str) -> None:
    """Raises ValueError with the words for the operator."""
    name = text.removeprefix("!").strip()
    if name not in {"*", OURSELVES} and not is_domain_name(name.removeprefix("*.")):
        raise ValueError(
            'want a domain such as "example.org", "*.example.org", "*", or "@" for'
            ' primary_hostname; "!" in front says no'
        )
