"""What lists in the DNS say, added up."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest

from pymta.config.block_list import parse_block_lists
from pymta.policy.blocklist import Score, address_question, domain_question, score
from pymta.resolver.answer import Answer, Failed, Found, NoSuchDomain, Nothing

SILENT = Failed("name servers did not answer in time")


def answered(*answers: str) -> Answer[IPv4Address]:
    return Found(tuple(IPv4Address(text) for text in answers))


def judge(lists: dict[str, int], **answers: Answer[IPv4Address]) -> Score:
    """Each list is asked for ``x.ZONE``; answers by the first label of the zone."""
    asked = [(one, f"x.{one.zone}") for one in parse_block_lists(lists)]
    return score(asked, {f"x.{name}.example": answer for name, answer in answers.items()})


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "7.2.0.192.bl.example"),
        ("2001:db8::1", "1." + "0." * 23 + "8.b.d.0.1.0.0.2.bl.example"),
    ],
)
def test_an_address_is_asked_for_backwards(address: str, name: str) -> None:
    assert address_question(ip_address(address), "bl.example") == name


def test_a_domain_is_asked_for_as_it_is() -> None:
    assert domain_question("Spam.Example", "dbl.example") == "spam.example.dbl.example"


def test_weights_add_up_and_good_lists_take_away() -> None:
    assert judge(
        {"a.example": 5, "b.example": 7, "c.example": 1, "wl.example": -4, "d.example": 9},
        a=answered("127.0.0.2"),
        b=answered("127.0.0.2", "127.0.0.3"),
        c=NoSuchDomain(),
        d=Nothing(),
        wl=answered("127.0.3.0"),
    ) == Score(8, ("x.b.example", "x.a.example", "x.wl.example"))


def test_only_the_codes_that_were_named_count() -> None:
    lists = {"a.example=127.0.0.4-11": 5, "b.example=127.0.0.2": 7}

    assert judge(lists, a=answered("127.0.0.3"), b=answered("127.0.0.2")).total == 7
    assert judge(lists, a=answered("127.0.0.2", "127.0.0.11"), b=Nothing()).total == 5


def test_a_list_that_is_silent_weighs_nothing_and_is_named() -> None:
    assert judge({"a.example": 5, "b.example": 7}, a=SILENT) == Score(
        silent=("a.example", "b.example")
    )


@pytest.mark.parametrize("answer", ["127.255.255.254", "203.0.113.9", "10.0.0.1"])
def test_what_is_no_answer_of_a_list_turns_nobody_away(answer: str) -> None:
    """A list that is no more, or does not serve us."""
    assert judge({"a.example": 5}, a=answered(answer)) == Score(useless=("a.example",))
