"""Types of settings that are written with a unit, and how each is read and printed.

The value in the program is a plain number or text.  The marker in the annotation tells the
reader of files how to read it; it imports nothing until it is asked.
"""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from typing import Annotated

from pymta.config.classic_list import split_list
from pymta.config.duration import LONGEST_WAIT, format_duration, parse_duration
from pymta.dataclass import dataclass
from pymta.mail.host_list import parse_item, parse_network_item

_SIZE = re.compile(r"([0-9]+)([KMG]?)", re.IGNORECASE)
_DECIMALS = 3
_LONGEST_BELOW_HOME = 255  # characters
_LONGEST_SOCKET = 107  # bytes; sun_path in unix(7)
RESOURCES = ("cpu", "memory", "io")  # those that Linux accounts pressure for
LONGEST_KEPT = 365 * 86_400  # seconds, of times that no call waits for, only the calendar
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30}


def parse_size(text: str) -> int:
    """Bytes of ``50M``.  Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError('want a size such as "500K", "50M" or "1G"')
    return int(match[1]) << _POWERS[match[2].upper()]


def format_size(size: int) -> str:
    """As it may be written: 52428800 -> ``50M``, and what is not round as a number."""
    for unit, power in reversed(_POWERS.items()):
        if size and not size % (1 << power):
            return f"{size >> power}{unit}"
    return str(size)


def parse_network(text: str) -> str:
    """The network in canonical form.  Raises ValueError."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError('want a network such as "192.0.2.0/24" or an address') from None


# A marker's `read` turns what the file says into the value of the program.  What is not of the
# kind it reads it hands on as it is; the type in the annotation then refuses it.


@dataclass(frozen=True, slots=True)
class Time:
    """Marks seconds written as "10m".  Zero needs no unit."""

    def read(self, value: object) -> object:
        if isinstance(value, str):
            return parse_duration(value)
        if type(value) is int and value == 0:
            return value
        raise ValueError('want a time in quotes such as "30s", "10m" or "1d12h"')


@dataclass(frozen=True, slots=True)
class TimeText:
    """Marks a time that stays the text it is in the program, as an item of a list."""

    def check(self, value: str) -> str:
        if not 0 < parse_duration(value) <= LONGEST_KEPT:
            longest = format_duration(LONGEST_KEPT)
            raise ValueError(f'want a time of at most "{longest}" such as "4h"; [] is for none')
        return value


@dataclass(frozen=True, slots=True)
class Size:
    """Marks bytes written as "50M"; a plain number is bytes as well."""

    def read(self, value: object) -> object:
        if isinstance(value, str):
            return parse_size(value)
        if type(value) is int:
            return value
        raise ValueError('want a size such as "500K", "50M" or "1G"')


@dataclass(frozen=True, slots=True)
class Fixed:
    """Marks a load average: decimals as the classic daemon takes them, up to three."""

    def check(self, value: float) -> float:
        if value < 0 or round(value, _DECIMALS) != value:
            raise ValueError(
                f"want a load average of 0 or more, with at most {_DECIMALS} decimals, such as 7.5"
            )
        return value


@dataclass(frozen=True, slots=True)
class Percent:
    """Marks limits of pressure: a table of percentages by resource, or one number, for the cpu."""

    def read(self, value: object) -> object:
        table = value if isinstance(value, dict) else {RESOURCES[0]: value}
        if wrong := table.keys() - set(RESOURCES):
            raise ValueError(f'no resource "{min(wrong)}"; there are {", ".join(RESOURCES)}')
        return {name: self._one(most) for name, most in table.items()}

    @staticmethod
    def _one(value: object) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
            return float(value)
        raise ValueError("want a percentage from 0 to 100, such as 40 or { cpu = 40 }")


@dataclass(frozen=True, slots=True)
class Cidr:
    """Marks a network written as "192.0.2.0/24" or as one address."""

    def read(self, value: object) -> object:
        return parse_network(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class HostItem:
    """Marks an item of a host list (`pymta.mail.host_list`); `lookups` may be needed to judge it.

    What the supervisor asks before a fork must do without any.
    """

    lookups: bool = True

    def check(self, value: str) -> str:
        parse = parse_item if self.lookups else parse_network_item
        parse(value)
        return value


@dataclass(frozen=True, slots=True)
class NameOrNumber:
    """Marks what has a name and a number, such as a port (PT-01); text in the program."""

    def read(self, value: object) -> object:
        return str(value) if type(value) is int else value


@dataclass(frozen=True, slots=True)
class ClassicList:
    """Marks a list that may also be one text, as the classic daemon has it: "one : two"."""

    def read(self, value: object) -> object:
        if isinstance(value, str):
            return split_list(value)
        if isinstance(value, list):
            return tuple(value)
        raise ValueError('want a text in quotes, or a list such as ["a", "b"]')


@dataclass(frozen=True, slots=True)
class Range:
    """Marks a number with bounds, both included."""

    low: int
    high: int

    def check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise ValueError(f"want a whole number from {self.low} to {self.high}")
        return value


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Marks seconds with bounds, both included."""

    low: int
    high: int

    def check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            low, high = format_duration(self.low), format_duration(self.high)
            raise ValueError(f'want a time from "{low}" to "{high}"')
        return value


@dataclass(frozen=True, slots=True, init=False)
class Choice:
    """Marks a text that is one of a few words."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)

    def check(self, value: str) -> str:
        if value not in self.words:
            raise ValueError(f"want {' or '.join(json.dumps(word) for word in self.words)}")
        return value


@dataclass(frozen=True, slots=True)
class BelowHome:
    """Marks the path of a file or directory below a home directory."""

    may_be_empty: bool = False

    def check(self, value: str) -> str:
        if self.may_be_empty and not value:
            return value
        is_short = value.isprintable() and len(value) <= _LONGEST_BELOW_HOME
        if not is_short or not {"", ".", ".."}.isdisjoint(value.split("/")):
            raise ValueError('want a path below the home directory, such as "Maildir" or "mail/in"')
        return value


@dataclass(frozen=True, slots=True)
class DirectoryPath:
    """Marks the absolute path of a directory; "" for none."""

    example: str

    def check(self, value: str) -> str:
        is_path = value.startswith("/") and value.isprintable()
        if value and (not is_path or ".." in value.split("/") or len(value) > _LONGEST_BELOW_HOME):
            raise ValueError(f'want the absolute path of a directory, such as "{self.example}"')
        return value


@dataclass(frozen=True, slots=True)
class FilePath:
    """Marks the absolute path of a file; "" for none."""

    example: str

    def check(self, value: str) -> str:
        is_path = value.startswith("/") and value.isprintable() and not value.endswith("/")
        if value and not is_path:
            raise ValueError(f'want the absolute path of a file, such as "{self.example}"')
        return value


@dataclass(frozen=True, slots=True)
class SocketPath:
    """Marks the path of a socket in the file system; "" for none."""

    example: str

    def check(self, value: str) -> str:
        is_path = value.startswith("/") and value.isprintable() and not value.endswith("/")
        if value and not (is_path and len(value.encode()) <= _LONGEST_SOCKET):
            raise ValueError(
                f"want an absolute path of at most {_LONGEST_SOCKET} bytes, such as"
                f' "{self.example}"'
            )
        return value


@dataclass(frozen=True, slots=True)
class Always:
    """Marks a choice of the classic program that is made here once and for all."""

    def check(self, value: bool) -> bool:
        if not value:
            raise ValueError("want true; pymta has no other way")
        return value


LARGEST = (1 << 63) - 1  # bytes: what a file may have
MOST = (1 << 31) - 1  # what the C interfaces below us take as a count

Count = Annotated[int, Range(0, MOST)]
Positive = Annotated[int, Range(1, MOST)]
Port = Annotated[int, Range(1, 65_535)]
PortName = Annotated[str, NameOrNumber()]
GroupName = Annotated[str, NameOrNumber()]
Seconds = Annotated[int, Time(), TimeRange(0, LONGEST_WAIT)]
Days = Annotated[int, Time(), TimeRange(0, LONGEST_KEPT)]
Timeout = Annotated[int, Time(), TimeRange(1, LONGEST_WAIT)]  # nothing may wait for ever
Bytes = Annotated[int, Size(), Range(0, LARGEST)]
Network = Annotated[str, Cidr()]
Host = Annotated[str, HostItem()]
HostNetwork = Annotated[str, HostItem(lookups=False)]
LoadAverage = Annotated[float | None, Fixed()]  # None: no limit
Pressure = Annotated[dict[str, float] | None, Percent()]  # None: no limit
Times = Annotated[tuple[Annotated[str, TimeText()], ...], ClassicList()]
Texts = Annotated[tuple[str, ...], ClassicList()]
