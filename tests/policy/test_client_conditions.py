"""Lists in the DNS, rates and greylisting as conditions of a rule."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from typing import Any

import pytest

from pymta.mail.address import Mailbox
from pymta.policy.conditions import Setup, compile_condition
from pymta.policy.facts import Call, Facts, Recipient, Sender
from pymta.policy.rule import Condition, Fit, Holds, Unknown
from pymta.policy.stage import Stage
from pymta.resolver.answer import Answer, Failed, Found
from tests.doubles.lookups import MemoryLookups

CALL = Call(ip_address("192.0.2.7"), helo="Client.example", account="")
FACTS = Facts(
    Stage.RCPT,
    CALL,
    Sender(Mailbox("A", "Sender.Example")),
    Recipient(Mailbox("b", "ours.example")),
)
LISTED: Answer[IPv4Address] = Found((IPv4Address("127.0.0.2"),))
SILENT: Answer[IPv4Address] = Failed("name servers did not answer in time")


def condition(key: str, value: object, rule: str = "r1") -> Condition:
    return compile_condition(key, value, Setup("mx.ours.example", rule=rule))


def called(**changes: Any) -> Facts:
    return replace(FACTS, call=replace(CALL, **changes))


# Lists.


@pytest.mark.parametrize(
    ("value", "facts", "name"),
    [
        (["bl.example"], FACTS, "7.2.0.192.bl.example"),
        ({"lists": ["bl.example"], "of": "helo"}, FACTS, "client.example.bl.example"),
        ({"lists": ["bl.example"], "of": "name"}, FACTS, "host.client.example.bl.example"),
        ({"lists": ["bl.example"], "of": "sender_domain"}, FACTS, "sender.example.bl.example"),
        ({"lists": ["bl.example"], "of": "sender_domain"}, replace(FACTS, sender=None), ""),
        (["bl.example"], called(address=None), ""),
    ],
)
def test_what_is_asked_hangs_on_what_is_meant(value: object, facts: Facts, name: str) -> None:
    lookups = MemoryLookups(verified=("host.client.example",), lists={name: LISTED})
    fit = condition("listed", value).holds(facts, lookups)

    assert lookups.asked == ([name] if name else [])
    assert fit == (Holds(f"listed with 1: {name}", f"listed as {name}") if name else False)


def test_what_a_list_says_is_told_the_client() -> None:
    name = "7.2.0.192.bl.example"
    lookups = MemoryLookups(lists={name: LISTED}, texts={name: "see https://bl.example/"})

    assert condition("listed", ["bl.example"]).holds(FACTS, lookups) == Holds(
        f"listed with 1: {name}", "listed: see https://bl.example/"
    )


def test_weights_must_reach_the_score() -> None:
    lists = {"lists": {"a.example": 2, "b.example": 3, "wl.example": -2}, "score": 4}
    found = {f"7.2.0.192.{zone}.example": LISTED for zone in ("a", "b")}

    fit = condition("listed", lists).holds(FACTS, MemoryLookups(lists=found))
    assert isinstance(fit, Holds)
    assert fit.note == "listed with 5: 7.2.0.192.b.example, 7.2.0.192.a.example"
    found["7.2.0.192.wl.example"] = LISTED
    assert condition("listed", lists).holds(FACTS, MemoryLookups(lists=found)) is False


def test_a_list_in_trouble_weighs_nothing_and_is_reported() -> None:
    """However long it is down, good mail goes on."""
    lookups = MemoryLookups(
        lists={
            "7.2.0.192.a.example": SILENT,
            "7.2.0.192.b.example": Found((IPv4Address("127.255.255.254"),)),
        }
    )

    assert condition("listed", ["a.example", "b.example"]).holds(FACTS, lookups) is False
    assert [zone for zone, _ in lookups.reported] == ["a.example", "b.example"]


def test_a_name_that_could_not_be_looked_up_is_unknown() -> None:
    value = {"lists": ["bl.example"], "of": "name"}

    fit = condition("listed", value).holds(FACTS, MemoryLookups(verified=None))
    assert fit == Unknown("the name of the client")


# Rates.


def rate(most: int, per: str, **more: object) -> dict[str, object]:
    return {"most": most, "in": "1h", "per": per} | more


def test_what_comes_more_often_than_it_may_is_told_with_its_number() -> None:
    lookups = MemoryLookups()
    asked = condition("rate_above", rate(2, "network"))

    fits: list[Fit] = [asked.holds(FACTS, lookups) for _ in range(4)]
    assert fits[:2] == [False, False]
    over = Holds(
        "3 in 1h, 2 allowed per network: 192.0.2.0/24", "too much from you, please try later"
    )
    assert fits[2:] == [over, over]
    assert asked.holds(called(address=ip_address("192.0.3.7")), lookups) is False
    lookups.clients.now += 2 * 3600
    assert asked.holds(FACTS, lookups) is False


@pytest.mark.parametrize(
    ("per", "other"),
    [
        ("address", called(address=ip_address("192.0.2.8"))),
        ("network", called(address=ip_address("2001:db8::1"))),
        ("account", called(account="bob")),
        ("helo", called(helo="other.example")),
        ("sender", replace(FACTS, sender=Sender(Mailbox("c", "sender.example")))),
        ("sender_domain", replace(FACTS, sender=Sender(Mailbox("A", "other.example")))),
        ("recipient", replace(FACTS, recipient=Recipient(Mailbox("c", "ours.example")))),
        ("recipient_domain", replace(FACTS, recipient=Recipient(Mailbox("b", "x.example")))),
    ],
)
def test_each_has_a_count_of_his_own(per: str, other: Facts) -> None:
    lookups, asked = MemoryLookups(), condition("rate_above", rate(1, per))
    facts = called(account="alice") if per == "account" else FACTS

    assert [bool(asked.holds(one, lookups)) for one in (facts, other, facts, other)] == [
        False,
        False,
        True,
        True,
    ]


def test_everybody_shares_one_count_and_each_rule_has_its_own() -> None:
    lookups = MemoryLookups()
    one, two = (condition("rate_above", rate(1, "everybody"), name) for name in ("r1", "r2"))

    assert not one.holds(FACTS, lookups)
    assert not two.holds(FACTS, lookups)
    assert one.holds(called(address=ip_address("203.0.113.9")), lookups)


def test_who_is_nobody_is_not_counted() -> None:
    lookups, asked = MemoryLookups(), condition("rate_above", rate(0, "account"))

    assert asked.holds(FACTS, lookups) is False
    assert not lookups.clients.windows


def test_a_network_is_as_wide_as_the_rule_says() -> None:
    lookups, asked = MemoryLookups(), condition("rate_above", rate(1, "network", ipv6=48))

    assert not asked.holds(called(address=ip_address("2001:db8:1:1::1")), lookups)
    assert asked.holds(called(address=ip_address("2001:db8:1:2::1")), lookups)


# Greylisting.


def test_who_comes_for_the_first_time_has_to_come_again() -> None:
    lookups, asked = MemoryLookups(), condition("greylisted", True)

    assert asked.holds(FACTS, lookups) == Holds(
        "greylisted, 300 s left", "greylisted, try again in 300 seconds"
    )
    lookups.clients.now += 100
    same_network = called(address=ip_address("192.0.2.99"))
    assert asked.holds(same_network, lookups) == Holds(
        "greylisted, 200 s left", "greylisted, try again in 200 seconds"
    )
    lookups.clients.now += 200
    assert asked.holds(FACTS, lookups) is False


def test_a_network_that_has_come_again_often_enough_is_known() -> None:
    lookups, asked = MemoryLookups(), condition("greylisted", {"known_after": 2})
    for name in ("a", "b"):
        facts = replace(FACTS, sender=Sender(Mailbox(name, "x.example")))
        assert asked.holds(facts, lookups)
        lookups.clients.now += 301
        assert not asked.holds(facts, lookups)
        assert not asked.holds(facts, lookups)  # and this counts no second time

    assert not asked.holds(replace(FACTS, sender=Sender(None)), lookups)
    assert asked.holds(called(address=ip_address("203.0.113.9")), lookups)


@pytest.mark.parametrize(
    "facts", [called(account="alice"), called(is_trusted=True), called(address=None)]
)
def test_who_is_known_otherwise_is_not_asked_to_come_again(facts: Facts) -> None:
    lookups = MemoryLookups()

    assert condition("greylisted", True).holds(facts, lookups) is False
    assert not lookups.clients.sightings


def test_switched_off_it_holds_for_nobody() -> None:
    assert condition("greylisted", False).holds(FACTS, MemoryLookups()) is False


@pytest.mark.parametrize(("key", "value"), [("greylisted", True), ("rate_above", rate(0, "helo"))])
def test_when_nothing_can_be_remembered_mail_goes_on(key: str, value: object) -> None:
    lookups = MemoryLookups()
    lookups.clients.is_gone = True

    assert condition(key, value).holds(FACTS, lookups) is False
