"""Rules: which one decides, what is asked for that, and what a failed look-up means."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from pymta.policy.facts import Call, Facts
from pymta.policy.judge import first_opinion
from pymta.policy.lookups import Lookups
from pymta.policy.rule import Condition, Cost, Fit, OnDefer, Rule, Unknown, first_match
from pymta.policy.stage import Stage
from pymta.policy.verdict import NO_OPINION, Accept, Defer, Pass, Refuse, Ruling
from tests.doubles.lookups import NoLookups

FACTS = Facts(Stage.CONNECT, Call(ip_address("192.0.2.7")))
NO = Refuse("no")
DOUBT = Unknown("the name of the client")


@dataclass
class Asked:
    """Conditions that note who asked them."""

    names: list[str] = field(default_factory=list)

    def says(self, name: str, fit: Fit, cost: Cost = Cost.FACTS) -> Condition:
        def holds(_: Facts, __: Lookups) -> Fit:
            self.names.append(name)
            return fit

        return Condition(name, holds, cost)


def a_rule(*conditions: Condition, **changes: object) -> Rule:
    return Rule("r", Stage.CONNECT, NO, conditions, **changes)  # type: ignore[arg-type]


def test_the_first_rule_that_holds_decides() -> None:
    asked = Asked()
    rules = [
        Rule("one", Stage.CONNECT, NO, (asked.says("a", True), asked.says("b", False))),
        Rule("two", Stage.CONNECT, Accept(), (asked.says("c", True),)),
        Rule("three", Stage.CONNECT, NO, (asked.says("d", True),)),
    ]

    assert first_match(rules, FACTS, NoLookups()) == Ruling(Accept(), "two")
    assert asked.names == ["a", "b", "c"]


def test_no_rule_that_holds_is_no_opinion() -> None:
    never = a_rule(Asked().says("a", False))
    assert first_match([never], FACTS, NoLookups()) == NO_OPINION
    assert first_match([], FACTS, NoLookups()) == NO_OPINION


def test_what_costs_most_is_asked_last_and_only_if_all_else_holds() -> None:
    asked = Asked()
    conditions = (
        asked.says("memory", True, Cost.MEMORY),
        asked.says("names", True, Cost.NAMES),
        asked.says("facts", True),
    )
    assert a_rule(*conditions).fit(FACTS, NoLookups()) is True
    assert asked.names == ["facts", "names", "memory"]

    asked.names.clear()
    assert a_rule(*conditions, asked.says("no", False)).fit(FACTS, NoLookups()) is False
    assert asked.names == ["facts", "no"]


@pytest.mark.parametrize(
    ("on_defer", "verdict"),
    [
        (OnDefer.DEFER, Defer(log=f"could not find out about {DOUBT.why}")),
        (OnDefer.MATCH, NO),
        (OnDefer.SKIP, Pass()),
    ],
)
def test_a_rule_says_what_a_failed_look_up_means(on_defer: OnDefer, verdict: object) -> None:
    doubtful = a_rule(Asked().says("names", DOUBT, Cost.NAMES), on_defer=on_defer)

    assert first_match([doubtful], FACTS, NoLookups()).verdict == verdict


def test_a_rule_that_does_not_hold_anyway_puts_nobody_off() -> None:
    asked = Asked()
    doubtful = a_rule(
        asked.says("names", DOUBT, Cost.NAMES), asked.says("lists", False, Cost.LISTS)
    )

    assert first_match([doubtful], FACTS, NoLookups()) == NO_OPINION


def test_who_is_put_off_is_not_counted() -> None:
    asked = Asked()
    doubtful = a_rule(asked.says("names", DOUBT, Cost.NAMES), asked.says("rate", True, Cost.MEMORY))
    assert doubtful.fit(FACTS, NoLookups()) == DOUBT
    assert asked.names == ["names"]


def test_a_rule_may_only_want_to_be_told() -> None:
    told: list[str] = []
    rules = [a_rule(only_tells=True), Rule("next", Stage.CONNECT, NO)]

    ruling = first_match(rules, FACTS, NoLookups(), lambda rule, _: told.append(rule.name))

    assert ruling == Ruling(NO, "next")
    assert told == ["r"]


def test_judges_are_asked_until_one_has_an_opinion() -> None:
    opinions = [NO_OPINION, Ruling(Accept(), "second"), Ruling(NO, "third")]
    asked: list[int] = []

    def judge(number: int) -> Ruling:
        asked.append(number)
        return opinions[number]

    judges = [lambda _, n=n: judge(n) for n in range(3)]

    assert first_opinion(judges, FACTS) == Ruling(Accept(), "second")
    assert asked == [0, 1]
    assert first_opinion([], FACTS) == NO_OPINION
