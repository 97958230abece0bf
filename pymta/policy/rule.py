"""A rule: a name, when it holds, and what follows.  The first one that holds decides.

A condition gives true or false, `Holds` where there is more to say, or `Unknown` when what it needs
could not be looked up.  Then the rule says what to do (`on_defer`): a rule is never passed over in
silence because a name server is down, or whoever can disturb one could switch rules off.

Conditions are asked in the order of their cost, so that nothing is looked up, and nothing counted,
for a rule that does not hold anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum, IntEnum

from pymta.dataclass import dataclass
from pymta.policy.facts import Facts
from pymta.policy.lookups import Lookups
from pymta.policy.stage import Stage
from pymta.policy.verdict import NO_OPINION, Defer, Refusal, Relay, Ruling, Verdict


@dataclass(frozen=True, slots=True)
class Unknown:
    """`why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Holds:
    """It holds, and there is more to say: `note` for the log, `says` for the client.

    Neither has any control octets in it; of what rules say themselves nothing is replaced.
    """

    note: str
    says: str = ""


Fit = bool | Unknown | Holds


class Cost(IntEnum):
    FACTS = 0  # nothing but what is known
    NAMES = 1  # a question or two to the DNS, or to a table
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
    """All `conditions` must hold.  `only_tells`: it is logged, and the next one is asked.

    `log` is what is said then.  `explain` makes the verdict say more, where it can be known only
    when the rule holds.
    """

    name: str
    stage: Stage
    verdict: Verdict
    conditions: tuple[Condition, ...] = ()
    on_defer: OnDefer = OnDefer.DEFER
    only_tells: bool = False
    log: str = ""
    delay: float = 0.0
    explain: Callable[[Verdict, Facts, Lookups], Verdict] | None = None

    def __post_init__(self) -> None:
        by_cost = sorted(self.conditions, key=lambda one: one.cost)
        object.__setattr__(self, "conditions", tuple(by_cost))

    @property
    def remembers(self) -> bool:
        return any(condition.cost is Cost.MEMORY for condition in self.conditions)

    def fit(self, facts: Facts, lookups: Lookups) -> Fit:
        doubt: Unknown | None = None
        words: Holds | None = None
        for condition in self.conditions:
            if condition.cost is Cost.MEMORY:
                if _is_lost(facts) and not isinstance(self.verdict, Relay):
                    return False  # it is refused in any case, and for good
                if doubt:
                    break  # a client that is put off is counted when it comes again
            fit = condition.holds(facts, lookups)
            if isinstance(fit, Unknown):
                if self.on_defer is OnDefer.SKIP:
                    return False
                if self.on_defer is OnDefer.DEFER:
                    doubt = doubt or fit
            elif not fit:
                return False
            elif isinstance(fit, Holds):
                words = words or fit
        return doubt or words or True


def first_match(
    rules: Iterable[Rule],
    facts: Facts,
    lookups: Lookups,
    tell: Callable[[Rule, Fit], None] = lambda _rule, _fit: None,
    asked: Callable[[int, Rule, Fit], object] = lambda _number, _rule, _fit: None,
) -> Ruling:
    """`tell` hears of the rules that hold and only want to be told, and of doubts about them.

    `asked` hears of every rule that was asked, by its number, and what came of it.
    """
    delay = 0.0
    for number, rule in enumerate(rules):
        fit = rule.fit(facts, lookups)
        asked(number, rule, fit)
        if rule.only_tells:
            if fit:
                tell(rule, fit)
            if fit and not isinstance(fit, Unknown):
                delay += rule.delay
        elif isinstance(fit, Unknown):
            return Ruling(Defer(log=f"could not find out about {fit.why}"), rule.name, delay)
        elif fit:
            verdict = rule.explain(rule.verdict, facts, lookups) if rule.explain else rule.verdict
            return Ruling(_worded(verdict, fit), rule.name, delay + rule.delay)
    return replace(NO_OPINION, delay=delay)


def _worded(verdict: Verdict, fit: bool | Holds) -> Verdict:
    if not isinstance(fit, Holds) or not isinstance(verdict, Refusal):
        return verdict
    return replace(verdict, text=verdict.text or fit.says, log=verdict.log or fit.note)


def _is_lost(facts: Facts) -> bool:
    """A recipient that nobody lets this caller send to, unless a rule does."""
    return facts.recipient is not None and not facts.recipient.is_permitted
