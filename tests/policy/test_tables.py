"""What settings let through can be asked, whatever it is."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pymta.config.policy_conditions import CONDITIONS, STAGES
from pymta.config.policy_rules import ACTIONS, OPTIONS, faults
from pymta.mail.address import Mailbox
from pymta.mail.header_fields import Field
from pymta.policy.conditions import Setup
from pymta.policy.facts import Call, Facts, Message, Recipient, Sender
from pymta.policy.stage import Stage
from pymta.policy.tables import Tables
from pymta.policy.verdict import Ruling
from pymta.tables.table import NO_TABLE
from tests.doubles.lookups import MemoryLookups

ITEMS = (
    "192.0.2.0/24 !2001:db8::1 * @ @[] <> a@b.example .example ^a.*b x@ smtp alice Subject"
    " tls-failed bl.example +ignore_unknown !*.example 10m".split()
)
POOL: list[object] = [True, False, 0, 3, "10M", "1h", "x", {"Subject": "^a"}, {"A": "("}]
POOL += [{"most": 1, "in": "1h", "per": "network"}, {"bl.example": 2}]
POOL += [["table:people"]]
POOL += [[item] for item in ITEMS] + [ITEMS[:2], ITEMS[5:8], ["@", "!.example"]]


def is_right(stage: str, key: str, value: object) -> bool:
    return not list(faults({stage: [{"name": "a", "action": "warn", key: value}]}))


RIGHT = {
    stage: {
        key: good for key in CONDITIONS if (good := [v for v in POOL if is_right(stage, key, v)])
    }
    for stage in STAGES
}
CALL = Call(ip_address("192.0.2.7"), helo="client.example", account="alice")
MAILBOX = Mailbox("a", "b.example")
FACTS = {
    "sender": Sender(MAILBOX, size=10),
    "recipient": Recipient(MAILBOX),
    "message": Message("id", 10, (Field("Subject", "ab"),)),
}
KNOWN = {
    "mail": ["sender"],
    "rcpt": ["sender", "recipient"],
    "data": ["sender", "message"],
    "notquit": ["sender"],
}


@st.composite
def rules(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    stage = draw(st.sampled_from(STAGES))
    action = draw(st.sampled_from([name for name, one in ACTIONS.items() if stage in one.stages]))
    keys = draw(st.lists(st.sampled_from(sorted(RIGHT[stage])), min_size=1, max_size=3))
    rule = {key: draw(st.sampled_from(RIGHT[stage][key])) for key in keys}
    return stage, rule | {"name": "a", "action": action}


@settings(deadline=None)
@given(rules())
def test_whatever_is_no_mistake_can_be_asked(drawn: tuple[str, dict[str, Any]]) -> None:
    stage, rule = drawn
    rules = {stage: [rule]}
    if any(faults(rules)):
        return  # what is right alone need not be so together
    known: dict[str, Any] = {name: FACTS[name] for name in KNOWN.get(stage, [])}
    judge = Tables(rules, Setup("mx.example", table=lambda _: NO_TABLE)).judge(
        MemoryLookups(), lambda *_: None
    )

    assert isinstance(judge(Facts(Stage(stage), CALL, **known)), Ruling)


def test_every_condition_is_among_them() -> None:
    assert {key for right in RIGHT.values() for key in right} == set(CONDITIONS)


def test_keys_of_rules_mean_one_thing() -> None:
    assert not OPTIONS.keys() & CONDITIONS.keys()
