"""One retry rule as the operator writes it: ``F,2h,15m`` or ``G,16h,1h,1.5``.

    F,cutoff,interval          try again at equal intervals
    G,cutoff,first,factor      the first interval, then each longer by the factor
    H,cutoff,first,factor      as G, but between the first interval and that one at random

A rule is in force until so much time has passed since the first failure.  What follows from a
row of them is decided in `pymta.retry.schedule`.
"""

from __future__ import annotations

import re

from pymta.config.duration import parse_duration
from pymta.dataclass import dataclass

_FACTOR = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?", re.ASCII)
_LONGEST = 366 * 86_400  # seconds; whoever wrote more than a year mistook a unit
_FORMS = (
    'want "F,cutoff,interval" such as "F,2h,15m", or "G,cutoff,first,factor", or the same with H'
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Times in seconds; `factor` is 1 for equal intervals."""

    cutoff: int
    interval: int
    factor: float = 1.0
    is_random: bool = False


def parse_rule(text: str) -> Rule:
    """Read one rule.  Raises ValueError that says what is wrong with it."""
    match [part.strip() for part in text.split(",")]:
        case ["F", cutoff, interval]:
            rule = Rule(_time("cutoff", cutoff), _time("interval", interval))
        case ["G" | "H" as letter, cutoff, first, factor]:
            times = _time("cutoff", cutoff), _time("first interval", first)
            rule = Rule(*times, _factor(factor), is_random=letter == "H")
        case _:
            raise ValueError(_FORMS)
    if rule.interval > rule.cutoff:
        raise ValueError("the interval is longer than the cutoff")
    return rule


def parse_rules(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    """Read a whole schedule.  Raises ValueError naming the rule that cannot stand there."""
    if not texts:
        raise ValueError("want at least one retry rule, else no message is ever tried again")
    rules: list[Rule] = []
    for number, text in enumerate(texts, 1):
        try:
            rule = parse_rule(text)
        except ValueError as error:
            raise ValueError(f'rule {number} "{text}": {error}') from error
        if rules and rule.cutoff <= rules[-1].cutoff:
            raise ValueError(
                f'rule {number} "{text}": its cutoff must be later than that of the rule before,'
                " or it is never in force"
            )
        rules.append(rule)
    return tuple(rules)


def _time(name: str, text: str) -> int:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise ValueError(f'{name} "{text}": {error}') from error
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f'{name} "{text}": want more than 0s and at most a year')
    return seconds


def _factor(text: str) -> float:
    if not _FACTOR.fullmatch(text) or float(text) < 1:
        raise ValueError(f'factor "{text}": want a number such as "1.5", at least 1')
    return float(text)
