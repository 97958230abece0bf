"""A setting that may differ from destination to destination: one value, or a table keyed by domain.

    destination_concurrency = 10
    destination_concurrency = { "example.org" = 2, "*.example.org" = 5, "*" = 10 }
    destination_rate = { "example.org" = "100/1h", "*" = "" }

"*.example.org" is all below it, "*" all others; the closest entry counts.  Keys are compared with
the domain that mail goes to, and with the names of hosts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import TypeVar

from pymta.config.addresses import is_domain_name
from pymta.config.duration import parse_duration
from pymta.config.keyed import read_table
from pymta.config.units import MOST
from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain

EVERYTHING = "*"
_RATE = re.compile(r"([0-9]{1,9})/([0-9a-z]+)")
_LONGEST = 31 * 86_400  # seconds of a rate
_KEY = 'want a domain, "*.example.org", or "*" for all others'
_WANT_RATE = 'want messages and a time such as "100/1h" or "1/10s", or "" for no limit'


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` messages in `period` seconds."""

    most: int
    period: float


T = TypeVar("T")

CountPer = int | dict[str, int]
RatePer = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class CountPerDomain:
    """Marks a number, or a table of numbers.  See `pymta.config.units`."""

    def read(self, value: object) -> object:
        return _read(value, self._one)

    @staticmethod
    def _one(value: object) -> int:
        if type(value) is int and 0 <= value <= MOST:
            return value
        raise ValueError(f"want a whole number from 0 to {MOST}")


@dataclass(frozen=True, slots=True)
class RatePerDomain:
    """Marks a rate, or a table of rates."""

    def read(self, value: object) -> object:
        return _read(value, self._one)

    @staticmethod
    def _one(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(_WANT_RATE)  # noqa: TRY004 (one kind of refusal)
        parse_rate(value)
        return value


def parse_rate(text: str) -> Rate | None:
    """None: no limit.  Raises ValueError with the words for the operator."""
    if not text:
        return None
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError(_WANT_RATE)
    most, period = int(match[1]), parse_duration(match[2])
    if not (most and 1 <= period <= _LONGEST):
        raise ValueError(f"{_WANT_RATE}; at least one message, in at most 31 days")
    return Rate(most, float(period))


def concurrency_of(setting: CountPer, name: str, deliver_max: int) -> int:
    """Deliveries at once to this domain or host; where nothing is set, half of `deliver_max`."""
    found = setting.get(closest(setting, name)) if isinstance(setting, dict) else setting
    return found or max(1, deliver_max // 2)


def rate_of(setting: RatePer, name: str) -> Rate | None:
    """None: no limit."""
    found = setting.get(closest(setting, name)) if isinstance(setting, dict) else setting
    return parse_rate(found or "")


def closest(table: Container[str], name: str) -> str:
    """The key of the entry for a domain, a host or an address in brackets; "" where none is.

    The keys are as `key_of_pattern` makes them.
    """
    name = key_of_domain(name)
    if name in table:
        return name
    while not name.startswith("[") and (name := name.partition(".")[2]):
        if (key := f"*.{name}") in table:
            return key
    return EVERYTHING if EVERYTHING in table else ""


def key_of_pattern(text: str) -> str | None:
    """A domain, "*.example.org" or "*", as the DNS knows it; None: it is none of these."""
    if text == EVERYTHING:
        return text
    star = "*." if text.startswith("*.") else ""
    domain = text.removeprefix(star)
    return star + key_of_domain(domain) if is_domain_name(domain) else None


def _read(value: object, one: Callable[[object], T]) -> T | dict[str, T]:
    return read_table(value, _key, one) if isinstance(value, dict) else one(value)


def _key(text: str) -> str:
    if (key := key_of_pattern(text)) is None:
        raise ValueError(_KEY)
    return key
