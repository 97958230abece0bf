"""Conditions that remember: how often somebody may come, and who has to come again.

rate_above = { most = 100, in = "1h", per = "network" }
greylisted = true
greylisted = { delay = "5m", within = "2d", kept = "36d", known_after = 5 }
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pymta.config.duration import parse_duration
from pymta.config.units import MOST
from pymta.dataclass import dataclass

PER = (
    "address",
    "network",
    "account",
    "helo",
    "sender",
    "sender_domain",
    "recipient",
    "recipient_domain",
    "everybody",
)
_DAY = 86_400
_LONGEST = 366 * _DAY  # that anything may be remembered


@dataclass(frozen=True, slots=True)
class Rate:
    """`most` times in `period` seconds; `ipv4` and `ipv6` are lengths of a network's prefix."""

    most: int
    period: float
    per: str
    ipv4: int = 24
    ipv6: int = 64


@dataclass(frozen=True, slots=True)
class Greylist:
    """Seconds.  A network that has passed `known_after` times is no longer asked; 0: always is."""

    delay: float = 300.0
    within: float = 2.0 * _DAY
    kept: float = 36.0 * _DAY
    known_after: int = 5
    ipv4: int = 24
    ipv6: int = 64


def parse_rate(value: object) -> Rate:
    """Raises ValueError with the words for the operator."""
    wanted = 'want a table such as { most = 100, in = "1h", per = "network" }'
    table = _table(value, {"most", "in", "per", "ipv4", "ipv6"}, wanted)
    if not table.keys() >= {"most", "in", "per"}:
        raise ValueError(wanted)
    if table["per"] not in PER:
        raise ValueError(f"want for per one of {', '.join(PER)}")
    most = _whole(table, "most", 0, 0, MOST)
    period = _seconds(table, "in", 0.0)
    if not 1 <= period <= 31 * _DAY:
        raise ValueError('want for in a time from "1s" to "31d"')
    return Rate(most, period, str(table["per"]), *_prefixes(table))


def parse_greylist(value: object) -> Greylist | None:
    """None where it is switched off."""
    if isinstance(value, bool):
        return Greylist() if value else None
    wanted = 'want true, or a table such as { delay = "5m", within = "2d", known_after = 5 }'
    usual = Greylist()
    table = _table(value, {"delay", "within", "kept", "known_after", "ipv4", "ipv6"}, wanted)
    delay = _seconds(table, "delay", usual.delay)
    within = _seconds(table, "within", usual.within)
    kept = _seconds(table, "kept", usual.kept)
    if not delay < within <= kept:
        raise ValueError("want a delay that is shorter than within, and within no longer than kept")
    known = _whole(table, "known_after", usual.known_after, 0, MOST)
    return Greylist(delay, within, kept, known, *_prefixes(table))


def _table(value: object, keys: set[str], wanted: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(wanted)  # noqa: TRY004 (one kind of refusal)
    if unknown := sorted(value.keys() - keys):
        raise ValueError(f"want {', '.join(sorted(keys))}, not {unknown[0]}")
    return value


def _whole(table: Mapping[str, Any], key: str, usual: int, least: int, most: int) -> int:
    value = table.get(key, usual)
    if type(value) is int and least <= value <= most:
        return value
    raise ValueError(f"want for {key} a whole number from {least} to {most}")


def _seconds(table: Mapping[str, Any], key: str, usual: float) -> float:
    """Written as everywhere; a number, without its unit, might have been meant as anything."""
    if key not in table:
        return usual
    value = table[key]
    with suppress(ValueError):
        if isinstance(value, str) and (seconds := parse_duration(value)) <= _LONGEST:
            return float(seconds)
    raise ValueError(f'want for {key} a time in quotes such as "5m" or "1h", up to "366d"')


def _prefixes(table: Mapping[str, Any]) -> tuple[int, int]:
    return _whole(table, "ipv4", 24, 1, 32), _whole(table, "ipv6", 64, 1, 128)
