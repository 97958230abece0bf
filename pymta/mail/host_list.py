"""Is this caller in that list of hosts?  (catalogue section 5, "Host lists")

    *                         everybody                @            our own name
    192.0.2.7                 an address               @[]          our own addresses
    192.0.2.0/24              a network                !ITEM        all but these
    mail.example.org          a name, by its addresses
    *.example.org, ^regex     the name that the caller's address has in the DNS, if it leads back

The first item that fits decides.  When none does the answer is no, or yes where the last item
begins with "!".  A look-up that has a final answer, but not one that helps, means no and ends the
search; after ``+include_unknown`` it means yes, after ``+ignore_unknown`` the item is passed over.
One that nobody answers in time gives `UNKNOWN`, and whoever asks decides what that means; after
``+include_defer`` or ``+ignore_defer`` it is as above.

Pure: what must be looked up is asked of `Lookup`, and only when an item needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import cache
from ipaddress import ip_network
from typing import Protocol

from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.mail.network_table import Network

_NAME = re.compile(r"(?:[a-z0-9_][a-z0-9_-]{0,62}\.)*[a-z0-9_][a-z0-9_-]{0,62}")


class Answer(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # a look-up was put off


class Lookup(Protocol):
    """What only the world knows about a caller.

    The names that its address has, each of which leads back to it, and the addresses of a name:
    None when nobody could tell in time, empty when there are none.
    """

    def names(self) -> tuple[str, ...] | None: ...

    def addresses(self, name: str) -> tuple[Address, ...] | None: ...

    def is_ours(self, address: Address) -> bool: ...

    @property
    def own_name(self) -> str: ...


class Kind(Enum):
    EVERYBODY = "*"
    NETWORK = "network"
    NAME = "name"
    SUFFIX = "suffix"
    PATTERN = "pattern"
    OWN_NAME = "@"
    OWN_ADDRESSES = "@[]"
    SWITCH = "+"


SWITCHES = ("+include_unknown", "+ignore_unknown", "+include_defer", "+ignore_defer")
_PLAIN = {"*": Kind.EVERYBODY, "@": Kind.OWN_NAME, "@[]": Kind.OWN_ADDRESSES}


@dataclass(frozen=True, slots=True)
class Item:
    """`text` as it compares: a name or suffix in lower case, a pattern, a switch."""

    kind: Kind
    text: str = ""
    network: Network | None = None
    is_negated: bool = False


def parse_item(text: str) -> Item:
    """One item of a list.  Raises ValueError with what would be right."""
    if text.startswith("+"):
        if text not in SWITCHES:
            raise ValueError(f"want one of {', '.join(SWITCHES)}, or a host")
        return Item(Kind.SWITCH, text)
    is_negated = text.startswith("!")
    bare = text.removeprefix("!").strip()
    kind = _PLAIN.get(bare)
    if kind:
        return Item(kind, is_negated=is_negated)
    if bare.startswith("^"):
        return Item(Kind.PATTERN, _pattern(bare), is_negated=is_negated)
    if network := _network(bare):
        return Item(Kind.NETWORK, network=network, is_negated=is_negated)
    suffix = bare.startswith("*.")
    name = bare.removeprefix("*.").removesuffix(".").lower()
    if len(name) > 253 or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise ValueError(
            'want a host: an address, a network, a name, "*.example.org", "*", "@" or "@[]"'
        )
    return Item(Kind.SUFFIX if suffix else Kind.NAME, name, is_negated=is_negated)


def parse_network_item(text: str) -> Item:
    """An item that can be judged without looking anything up.  Raises ValueError."""
    item = parse_item(text)
    if item.kind not in {Kind.EVERYBODY, Kind.NETWORK}:
        raise ValueError('want an address or a network such as "192.0.2.0/24": names are not asked')
    return item


@cache
def host_list(items: tuple[str, ...]) -> HostList:
    """The list of these items.  Lists are of the settings, so there are few, and they stay."""
    return HostList(items)


class HostList:
    """Made once, asked for each caller."""

    def __init__(self, items: Iterable[str]) -> None:
        self._items = tuple(parse_item(text) for text in items)
        self._settled = _settled(self._items)

    @property
    def needs_to_know(self) -> bool:
        """Does it matter who asks?  Most lists are empty, or begin with "*"."""
        return self._settled is None

    def __bool__(self) -> bool:
        return bool(self._items)

    def holds(self, address: Address, lookup: Lookup) -> Answer:
        return self.decide(address, lookup)[0]

    def decide(self, address: Address, lookup: Lookup) -> tuple[Answer, int | None]:
        """The same, and the number of the item that decided; None: none of them fits."""
        if self._settled is not None:
            return self._settled
        on_unknown = on_defer = ""
        is_last_negated = False
        for number, item in enumerate(self._items):
            if item.kind is Kind.SWITCH:
                what, _, when = item.text[1:].partition("_")
                on_unknown, on_defer = (what, on_defer) if when == "unknown" else (on_unknown, what)
                continue
            is_last_negated = item.is_negated
            fits = _fits(item, address, lookup)
            if fits is _Fit.YES:
                return (Answer.NO if item.is_negated else Answer.YES), number
            if fits is _Fit.NOT_KNOWN and on_unknown != "ignore":
                return (Answer.YES if on_unknown == "include" else Answer.NO), number
            if fits is _Fit.PUT_OFF and on_defer != "ignore":
                return (Answer.YES if on_defer == "include" else Answer.UNKNOWN), number
        return (Answer.YES if is_last_negated else Answer.NO), None

    def holds_network(self, address: Address) -> bool:
        """The same for a list of `parse_network_item`s: everybody, addresses, networks."""
        for item in self._items:
            if item.network is None or address in item.network:
                return not item.is_negated
        return bool(self._items) and self._items[-1].is_negated

    def holds_without_address(self) -> bool:
        """Is somebody in it who has neither address nor name, as a user of this machine?"""
        for item in self._items:
            if item.kind is Kind.EVERYBODY:
                return not item.is_negated
        return bool(self._items) and self._items[-1].is_negated


def _settled(items: tuple[Item, ...]) -> tuple[Answer, int | None] | None:
    """What the list says of everybody, whoever he is."""
    if not items:
        return Answer.NO, None
    if items[0].kind is Kind.EVERYBODY:
        return (Answer.NO if items[0].is_negated else Answer.YES), 0
    return None


class _Fit(Enum):
    YES = "yes"
    NO = "no"
    NOT_KNOWN = "not known"  # there is no such name: final
    PUT_OFF = "put off"


def _fits(item: Item, address: Address, lookup: Lookup) -> _Fit:
    match item.kind:
        case Kind.EVERYBODY:
            return _Fit.YES
        case Kind.NETWORK:
            return _yes_if(item.network is not None and address in item.network)
        case Kind.OWN_ADDRESSES:
            return _yes_if(lookup.is_ours(address))
        case Kind.NAME:
            return _among(address, lookup.addresses(item.text))
        case Kind.OWN_NAME:
            return _among(address, lookup.addresses(lookup.own_name))
        case _:
            return _named(item, lookup.names())


def _among(address: Address, addresses: tuple[Address, ...] | None) -> _Fit:
    if addresses is None:
        return _Fit.PUT_OFF
    return _yes_if(address in addresses) if addresses else _Fit.NOT_KNOWN


def _named(item: Item, names: tuple[str, ...] | None) -> _Fit:
    if names is None:
        return _Fit.PUT_OFF
    if not names:
        return _Fit.NOT_KNOWN
    if item.kind is Kind.SUFFIX:
        return _yes_if(any(name.lower().endswith(f".{item.text}") for name in names))
    return _yes_if(any(re.search(item.text, name, re.IGNORECASE) for name in names))


def _yes_if(is_so: bool) -> _Fit:
    return _Fit.YES if is_so else _Fit.NO


def _network(text: str) -> Network | None:
    try:
        return ip_network(text.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    return text
