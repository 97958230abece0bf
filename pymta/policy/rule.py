"""A rule: a name, when it holds, and what follows.  The first one that holds decides.

A condition gives true or false, or `Unknown` when what it needs could not be looked up.  Then the
rule says what to do (`on_defer`): a rule is never passed over in silence because a name server is
down, or whoever can disturb one could switch rules off.

Conditions are asked in the order of their cost, so that nothing is looked up, and nothing counted,
for a rule that does not hold anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum

from pymta.policy.facts import Facts
from pymta.policy.lookups import Lookups
from pymta.policy.stage import Stage
from pymta.policy.verdict import NO_OPINION, Defer, Ruling, Verdict


@dataclass(frozen=True, slots=True)
class Unknown:
    """`why` is for the log."""

    why: str


Fit = bool | Unknown


class Cost(IntEnum):
    FACTS = 0  # nothing but what is known
    NAMES = 1  # a question or two to the DNS
    LISTS = 2  # many of them
    MEMORY = 3  # what is remembered, and changed by being asked: last, and only if all else holds


class OnDefer(Enum):
    DEFER = "defer"  # the client comes again
    MATCH = "match"  # as if the condition held
    SKIP = "skip"  # as if it did not


@dataclass(frozen=True, slots=True)
class Condition:
    """`holds` gets the facts, and what it may look up with."""

    name: str
    holds: Callable[[Facts, Lookups], Fit]
    cost: Cost = Cost.FACTS


@dataclass(frozen=True, slots=True)
class Rule:
    """All `conditions` must hold.  `only_tells`: it is logged, and the next one is asked."""

    name: str
    stage: Stage
    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    on_defer: OnDefer = OnDefer.DEFER
    only_tells: bool = False

    def __post_init__(self) -> None:
        by_cost = sorted(self.conditions, key=lambda one: one.cost)
        object.__setattr__(self, "conditions", tuple(by_cost))

    def fit(self, facts: Facts, lookups: Lookups) -> Fit:
        doubt: Unknown | None = None
        for condition in self.conditions:
            if doubt and condition.cost is Cost.MEMORY:
                break  # a client that is put off is counted when it comes again
            fit = condition.holds(facts, lookups)
            if isinstance(fit, Unknown):
                if self.on_defer is OnDefer.SKIP:
                    return False
                if self.on_defer is OnDefer.DEFER:
                    doubt = doubt or fit
            elif not fit:
                return False
        return doubt or True


def first_match(
    rules: Iterable[Rule],
    facts: Facts,
    lookups: Lookups,
    tell: Callable[[Rule], None] = lambda _: None,
) -> Ruling:
    """`tell` hears of the rules that hold and only want to be told."""
    for rule in rules:
        fit = rule.fit(facts, lookups)
        if isinstance(fit, Unknown):
            return Ruling(Defer(log=f"{fit.why} (could not be looked up)"), rule.name)
        if fit and rule.only_tells:
            tell(rule)
        elif fit:
            return Ruling(rule.verdict, rule.name)
    return NO_OPINION
