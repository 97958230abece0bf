"""Types of settings that are written with a unit, and how each is read and printed.

The value in the program is a plain number or text.  The marker in the annotation tells the
reader of files how to read it; it imports nothing until it is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Annotated

_PART = re.compile(r"([0-9]+)([wdhms])")
_WHOLE = re.compile(r"(?:[0-9]+[wdhms])+")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_SIZE = re.compile(r"([0-9]+)([KMG]?)", re.IGNORECASE)
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30}


def parse_duration(text: str) -> int:
    """Seconds of ``1h30m``: parts in any order and size, no blanks, the unit obligatory.

    Raises ValueError.  "0s" is zero; a bare "0" is taken as well.
    """
    if text == "0":
        return 0
    if not _WHOLE.fullmatch(text):
        raise ValueError('want a time such as "30s", "10m" or "1d12h"')
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """Weeks to seconds, zero parts left out: 90 -> ``1m30s``, 0 -> ``0s``."""
    rest = int(abs(seconds))
    parts = []
    for unit, size in _UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return ("-" if seconds < 0 else "") + ("".join(parts) or "0s")


def parse_size(text: str) -> int:
    """Bytes of ``50M``.  Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError('want a size such as "500K", "50M" or "1G"')
    return int(match[1]) << _POWERS[match[2].upper()]


@dataclass(frozen=True, slots=True)
class Time:
    """Marks seconds written as "10m"."""


@dataclass(frozen=True, slots=True)
class Size:
    """Marks bytes written as "50M"."""


@dataclass(frozen=True, slots=True)
class Cidr:
    """Marks a network written as "192.0.2.0/24" or as one address."""


Seconds = Annotated[int, Time()]
Bytes = Annotated[int, Size()]
Network = Annotated[str, Cidr()]


def parse_network(text: str) -> str:
    """The network in canonical form.  Raises ValueError."""
    return str(ip_network(text, strict=False))
