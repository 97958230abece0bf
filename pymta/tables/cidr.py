"""A table of networks, as text: the first one that an address is in counts.

    # a comment, on a line of its own
    !192.0.2.7          one of ours
    192.0.2.0/24        no mail from here, see https://example.org/why
    2001:db8::/32

What stands behind a network is said of it; "!" in front says that its addresses are not in the
table.  A line that begins with a blank goes on with the entry before it.

A line that nobody can read may have been about any address that is in no line before it.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from pymta.dataclass import dataclass
from pymta.tables.entries import entries_of
from pymta.tables.table import Answer, Found, Nothing, Unsure
from pymta.tables.text import MOST_TOLD, Mistake

_WANTED = 'want a network such as "192.0.2.0/24" or an address, and what is said of it'


@dataclass(frozen=True, slots=True)
class _Entry:
    """From `first` to `last`, as numbers; `version` 0 is a line that nobody can read, and `value`
    says why.  `line` counts from 1.
    """

    line: int
    value: str
    version: int = 0
    first: int = 0
    last: int = 0
    is_in: bool = True


class CidrTable:
    """`name` is what the table is called, as a rule its path.  Keys are addresses of hosts."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.mistakes: list[Mistake] = []
        self._entries = [self._entry(number, line) for number, line in entries_of(text)]

    def __len__(self) -> int:
        return len(self._entries)

    def lookup(self, key: str) -> Answer:
        entry = self._first(key)
        if entry is None or not entry.is_in:
            return Nothing()
        where = f"{self.name}:{entry.line}"
        if not entry.version:
            return Unsure(f"{where}: {entry.value}")
        return Found(entry.value, where, is_pattern=True)

    def ends_with(self, key: str) -> bool:
        entry = self._first(key)
        return entry is not None and entry is self._entries[-1]

    def _first(self, key: str) -> _Entry | None:
        try:
            address = ip_address(key)
        except ValueError:  # of no network
            return None
        version, number = address.version, int(address)
        for entry in self._entries:
            is_here = entry.version == version and entry.first <= number <= entry.last
            if is_here or not entry.version:
                return entry
        return None

    def _entry(self, number: int, line: str) -> _Entry:
        text, *value = line.split(maxsplit=1)
        try:
            network = ip_network(text.removeprefix("!"))
        except ValueError as error:
            why = f"{error}; {_WANTED}"
            if len(self.mistakes) < MOST_TOLD:
                self.mistakes.append(Mistake(number, why))
            return _Entry(number, why)
        first, last = int(network.network_address), int(network.broadcast_address)
        is_in = not text.startswith("!")
        return _Entry(number, "".join(value).rstrip(), network.version, first, last, is_in)
