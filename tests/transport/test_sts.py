"""Which policy counts, told on a clock of the test's own (RFC 8461 s3, s5)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pymta.hints.policies import KeptPolicy
from pymta.resolver.answer import Answer, Failed, Found, NoSuchDomain
from pymta.tls.mta_sts import Mode, Policy
from pymta.transport.sts import PAUSE, Finder

DAY = 86_400
AGE = 10 * DAY


def policy(mx: str = "mx.example.org", mode: Mode = Mode.ENFORCE, age: int = AGE) -> Policy:
    return Policy(mode, (mx,), age)


@dataclass
class World:
    """A domain that one can change, and what we remember of it."""

    record: Answer[str] = field(default_factory=lambda: Found(("v=STSv1; id=1;",)))
    text: str = field(default_factory=lambda: policy().text)  # "" for a broken web server
    now: float = 1_000_000.0
    known: dict[str, KeptPolicy] = field(default_factory=dict)
    fetched: int = 0
    told: list[str] = field(default_factory=list)

    def texts(self, name: str) -> Answer[str]:
        assert name == "_mta-sts.example.org"
        return self.record

    def fetch(self, domain: str) -> str:
        self.fetched += 1
        if not self.text:
            raise ValueError("broken")
        return self.text

    def get(self, domain: str) -> KeptPolicy | None:
        return self.known.get(domain)

    def put(self, kept: KeptPolicy) -> None:
        self.known[kept.domain] = kept

    def policy(self) -> Policy | None:
        tell = lambda domain, why: self.told.append(f"{domain}: {why}")  # noqa: E731
        finder = Finder(self.texts, self.fetch, self, lambda: self.now, tell)
        return finder.policy_of("example.org")


def test_what_was_fetched_once_counts_for_the_next_messages() -> None:
    world = World()
    assert [world.policy(), world.policy()] == [policy(), policy()]
    assert world.fetched == 1


def test_without_a_record_nobody_is_asked() -> None:
    world = World(record=NoSuchDomain())
    assert world.policy() is None
    assert world.fetched == 0


@pytest.mark.parametrize("gone", [NoSuchDomain(), Failed("SERVFAIL"), Found(("v=spf1 -all",))])
def test_who_hides_the_record_does_not_hide_the_policy(gone: Answer[str]) -> None:
    """RFC 8461 s5.1: who is in the way could make a domain look as if it had none."""
    world = World()
    world.policy()
    world.record = gone
    world.now += AGE - 1
    assert world.policy() == policy()
    world.now += 2
    assert world.policy() is None


def test_a_new_id_is_a_new_policy() -> None:
    world = World()
    world.policy()
    world.record, world.text = Found(("v=STSv1; id=2;",)), policy("new.example.org").text
    assert world.policy() == policy("new.example.org")
    assert world.fetched == 2


def test_a_broken_web_server_changes_nothing_until_the_policy_has_run_out() -> None:
    world = World()
    world.policy()
    world.record, world.text = Found(("v=STSv1; id=2;",)), ""
    assert world.policy() == policy()
    assert world.told == ["example.org: broken"]
    world.now += AGE + 1
    assert world.policy() is None


def test_a_broken_web_server_is_not_asked_for_each_message() -> None:
    world = World(text="")
    assert [world.policy(), world.policy()] == [None, None]
    assert world.fetched == 1
    world.now += PAUSE + 1
    world.text = policy().text
    assert world.policy() == policy()


def test_what_is_no_policy_is_as_good_as_a_broken_server() -> None:
    world = World(text="<html>")
    assert world.policy() is None
    assert world.told == ["example.org: a line of it is no field"]


def test_a_policy_is_fetched_anew_long_before_it_runs_out() -> None:
    """RFC 8461 s3.3: so that there is always one for whom we write to often."""
    world = World()
    world.policy()
    world.now += AGE / 2 + 1
    world.policy()
    assert world.fetched == 2
    assert world.known["example.org"].fetched == world.now


def test_one_that_counts_for_no_time_counts_for_the_message_at_hand() -> None:
    world = World(text=policy(age=0).text)
    assert world.policy() == policy(age=0)
    world.policy()
    assert world.fetched == 1
    world.now += PAUSE
    world.policy()
    assert world.fetched == 2


def test_a_domain_gives_up_by_a_policy_that_says_so() -> None:
    """RFC 8461 s8.3"""
    world = World()
    world.policy()
    world.record, world.text = Found(("v=STSv1; id=2;",)), policy(mode=Mode.NONE).text
    assert world.policy() == policy(mode=Mode.NONE)


def test_a_clock_that_was_ahead_binds_nobody_for_years() -> None:
    world = World()
    world.now += 10_000 * DAY
    world.policy()
    world.now -= 10_000 * DAY
    world.text = policy("new.example.org").text
    assert world.policy() == policy("new.example.org")
