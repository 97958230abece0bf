"""Rules about who is in a table of the operator's."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from pymta.config.policy_rules import faults as faults_of_rules
from pymta.config.policy_tables import faults
from pymta.mail.address import Mailbox
from pymta.policy.conditions import Setup, compile_condition
from pymta.policy.facts import Call, Facts, Recipient, Sender
from pymta.policy.rule import Fit, Holds, Unknown
from pymta.policy.stage import Stage
from pymta.policy.tables import Tables
from pymta.policy.verdict import Refuse
from pymta.tables.cidr import CidrTable
from pymta.tables.table import Answer, Table, Unsure
from pymta.tables.text import TextTable
from tests.doubles.lookups import NoLookups


class Away:
    def lookup(self, key: str) -> Answer:
        return Unsure("table people cannot be asked: it is away")


TABLES: dict[str, Table] = {
    "cidr:/c": CidrTable("/c", "192.0.2.0/24 no mail\n   from \x07here\n"),
    "/a": TextTable("/a", "b@example.org: he has\n  moved\n@example.net: gone\n"),
    "table:people": Away(),
}
SETUP = Setup(table=TABLES.__getitem__)
FACTS = Facts(
    Stage.RCPT,
    Call(ip_address("192.0.2.7")),
    Sender(Mailbox("A", "Example.Net")),
    Recipient(Mailbox("B", "example.org")),
)
LOCAL = replace(FACTS, call=Call(None))
BOUNCE = replace(FACTS, sender=Sender(None))


def fit(key: str, value: list[str], facts: Facts = FACTS) -> Fit:
    return compile_condition(key, value, SETUP).holds(facts, NoLookups())


@pytest.mark.parametrize(
    ("key", "tables", "facts", "wanted"),
    [
        ("client_in", ["cidr:/c"], FACTS, Holds("192.0.2.7 is in /c:1", "no mail from ?here")),
        ("client_in", ["cidr:/c"], LOCAL, False),
        ("sender_in", ["/a"], FACTS, Holds("@example.net is in /a:3", "gone")),
        ("sender_in", ["/a"], BOUNCE, False),
        ("sender_in", ["table:people"], BOUNCE, False),
        ("recipient_in", ["/a"], FACTS, Holds("b@example.org is in /a:1", "he has moved")),
        ("recipient_in", ["/a"], replace(FACTS, recipient=None), False),
    ],
)
def test_what_a_table_says_is_told(key: str, tables: list[str], facts: Facts, wanted: Fit) -> None:
    assert fit(key, tables, facts) == wanted


def test_a_table_that_cannot_be_asked_leaves_it_open() -> None:
    """Unless one before it has said so."""
    assert isinstance(fit("recipient_in", ["table:people", "/a"]), Unknown)
    assert isinstance(fit("recipient_in", ["/a", "table:people"]), Holds)


def test_a_rule_without_a_text_says_what_the_table_says() -> None:
    rules = {"rcpt": [{"name": "moved", "recipient_in": ["/a"], "action": "refuse"}]}
    judge = Tables(rules, SETUP).judge(NoLookups(), lambda *_: None)
    verdict = judge(FACTS).verdict
    assert isinstance(verdict, Refuse)
    assert (verdict.text, verdict.log) == ("he has moved", "b@example.org is in /a:1")


def rule(**conditions: Any) -> dict[str, Any]:
    return {"rcpt": [{"name": "x", "action": "refuse"} | conditions]}


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ({"client_in": ["/a"]}, 'want "cidr:" with the absolute path of a file, or "table:" and'),
        ({"sender_in": ["cidr:/c"]}, 'want the absolute path of a file, such as "/etc/pymta/'),
        ({"recipient_in": ["table:poeple"]}, 'no such table; did you mean "table:people"?'),
    ],
)
def test_a_table_that_cannot_be_meant_is_a_mistake(conditions: dict[str, Any], wanted: str) -> None:
    rules = rule(**conditions)
    found = [*faults_of_rules(rules), *faults(rules, ("people",))]
    [(key, names)] = conditions.items()
    assert [fault[:2] for fault in found] == [(("rcpt", 0, key, 0), names[0])]
    assert found[0][2].startswith(wanted)


def test_mistakes_of_other_kinds_are_told_elsewhere() -> None:
    wrong: dict[str, Any] = {"rcpt": "x", "mail": ["y", {"sender_in": 1}, {"sender_in": [2]}]}
    assert not list(faults(wrong, ()))
