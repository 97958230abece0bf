"""Settings that may differ from host to host: one value, or a table keyed by network.

    smtp_accept_max_per_host = 10
    smtp_accept_max_per_host = { "192.0.2.0/24" = 50, "192.0.2.7" = "", "*" = 10 }

The most specific network wins, and "*" stands for all others.  An empty text, like an address that
no entry is for, means "as if the setting were not made": that is another thing than a value, and
another than a value that cannot be understood.

This takes the place of the string that the classic daemon expands for each call.  Nothing in it is
looked up anywhere, so the supervisor may ask it before a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import ip_network

from pymta.config.addresses import is_host_name
from pymta.config.keyed import read_table
from pymta.config.run_word import NO_QUEUE_NAME
from pymta.config.units import LARGEST, MOST, parse_network, parse_size
from pymta.dataclass import dataclass
from pymta.mail.caller import Address
from pymta.mail.envelope import is_queue_name
from pymta.mail.network_table import Network, NetworkTable

EVERYBODY = "*"
_ALL = (ip_network("0.0.0.0/0"), ip_network("::/0"))

Value = int | str
PerHost = Value | dict[str, Value] | None  # None: not set


class PerHostTable:
    """A setting of this kind, ready to be asked for one address after another."""

    def __init__(self, setting: Value | Mapping[str, Value] | None) -> None:
        table = setting if isinstance(setting, Mapping) else {EVERYBODY: setting}
        everybody_first = sorted(table, key=lambda key: key != EVERYBODY)  # "0.0.0.0/0" is closer
        self._table = NetworkTable(
            (network, value)
            for key in everybody_first
            if (value := table[key]) is not None
            for network in _networks(key)
        )

    def value(self, address: Address) -> Value | None:
        """What is set for this address; None: as if nothing were."""
        found = self._table.find(address)
        return None if found == "" else found


def value_for(setting: PerHost, address: Address | None) -> Value | None:
    """One question; for None, who is in no network, what everybody has.

    Tables are of the settings, so there are few, and they stay.
    """
    if isinstance(setting, dict):
        if address is None:
            return None if (found := setting.get(EVERYBODY)) == "" else found
        return _table(tuple(setting.items())).value(address)
    return None if setting == "" else setting


def item_for(setting: PerHost, address: Address | None) -> tuple[str, ...]:
    """The key whose value that is; () where there is no table, or nothing in it for him."""
    if not isinstance(setting, dict):
        return ()
    if address is None:
        return (EVERYBODY,) if EVERYBODY in setting else ()
    found = _table(tuple((key, key) for key in setting)).value(address)
    return () if found is None else (str(found),)


@cache
def _table(items: tuple[tuple[str, Value], ...]) -> PerHostTable:
    return PerHostTable(dict(items))


def _networks(key: str) -> tuple[Network, ...]:
    return _ALL if key == EVERYBODY else (ip_network(key),)


# Markers: see pymta.config.units.


@dataclass(frozen=True, slots=True)
class NumberPerHost:
    """Marks a number, or a table of numbers.

    A text is taken as it is and read for each call, as the classic daemon reads what its string
    gave: the digits at its front count (LM-03).
    """

    def read(self, value: object) -> object:
        return _read(value, self._one)

    @staticmethod
    def _one(value: object) -> Value:
        if isinstance(value, str):
            return value
        if type(value) is int and 0 <= value <= MOST:
            return value
        raise ValueError(f'want a whole number from 0 to {MOST}, or "" for none')


@dataclass(frozen=True, slots=True)
class NamePerHost:
    """Marks a host name, or a table of host names."""

    def read(self, value: object) -> object:
        return _read(value, self._one)

    @staticmethod
    def _one(value: object) -> Value:
        if isinstance(value, str) and (not value or is_host_name(value)):
            return value
        raise ValueError('want a host name such as "mail.example.org", or "" for none')


@dataclass(frozen=True, slots=True)
class SizePerHost:
    """Marks a size, or a table of sizes.

    In a table a text that is no size stays, because it concerns only those hosts: they hear of a
    temporary problem, and the log what it is (CP-08).
    """

    def read(self, value: object) -> object:
        if isinstance(value, dict):
            return _read(value, self._one)
        return "" if value == "" else _size(value)

    @staticmethod
    def _one(value: object) -> Value:
        try:
            return _size(value)
        except ValueError:
            if isinstance(value, str):
                return value
            raise


def _size(value: object) -> int:
    size = parse_size(value) if isinstance(value, str) else value
    if type(size) is not int or not 0 <= size <= LARGEST:
        raise ValueError('want a size such as "500K", "50M" or "1G"')
    return size


@dataclass(frozen=True, slots=True)
class QueuePerHost:
    """Marks a name of a queue, or a table of names (N-16)."""

    def read(self, value: object) -> object:
        return _read(value, self._one)

    @staticmethod
    def _one(value: object) -> Value:
        if isinstance(value, str) and (not value or is_queue_name(value)):
            return value
        raise ValueError(f'{NO_QUEUE_NAME}, or "" for the default queue')


def _read(value: object, one: Callable[[object], Value]) -> PerHost:
    if not isinstance(value, dict):
        return one(value)
    return read_table(value, lambda key: key if key == EVERYBODY else parse_network(key), one)
