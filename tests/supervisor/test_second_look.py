"""The supervisor judges a client whom a proxy has named, and the slot becomes his (N-13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pymta.channel.words import Named, Proxied, Verdict
from pymta.config.per_host import PerHostTable
from pymta.config.policy_code import PolicyCode
from pymta.config.settings import Settings
from pymta.journal.event import Kind
from pymta.mail.caller import Endpoint, plain_address
from pymta.supervisor.children import Child, Children, Job
from pymta.supervisor.policy_watch import PolicyWatch
from pymta.supervisor.second_look import SecondLook
from tests.doubles.log import MemoryLog

PROXY = "198.51.100.9"
LOCAL = Endpoint(plain_address("198.51.100.1"), 25)
TOO_MANY = "421 Too many concurrent SMTP connections from this IP address; please try again later."


class Desk:
    """A house with as many calls through the proxy as asked for, and at most `limit` per host."""

    def __init__(self, calls: int, limit: int | str = 1, **journal: object) -> None:
        self.children = Children()
        self.log = MemoryLog()
        settings = Settings(policy_code=PolicyCode(policy_file="/p.py", policy_breaker_failures=2))
        settings = replace(settings, journal=replace(settings.journal, **journal))  # type: ignore[arg-type]
        self.policy = PolicyWatch(settings, self.log)
        self._look = SecondLook(self.children, settings, PerHostTable(limit), self.policy, self.log)
        for pid in range(1, calls + 1):
            self.children.add(Child(pid, Job.SESSION, address=PROXY, holds_slot=True))

    def names(self, pid: int, address: str) -> Verdict:
        caller = Endpoint(plain_address(address), 40112)
        return self._look.judge(pid, Proxied(caller, LOCAL))

    def speaks_for(self, pid: int, address: str) -> Verdict:
        return self._look.judge(pid, Named(plain_address(address)))

    def fails(self, pid: int) -> None:
        self.policy.failed("policy_file:rcpt", self.children.get(pid))


def test_the_slot_becomes_that_of_the_client() -> None:
    desk = Desk(calls=1)

    assert desk.names(1, "192.0.2.7") == Verdict()
    assert desk.children.callers == {"192.0.2.7": 1}
    assert desk.children.sessions == 1


def test_an_address_has_its_limit_also_behind_a_proxy() -> None:
    """LM-04, and the log knows who it was."""
    desk = Desk(calls=3, log_selector=("+incoming_port", "+incoming_interface"))

    answers = [
        desk.names(pid, name) for pid, name in ((1, "192.0.2.7"), (2, "192.0.2.7"), (3, "::1"))
    ]

    assert answers == [Verdict(), Verdict(TOO_MANY), Verdict()]
    assert desk.children.callers == {"192.0.2.7": 1, PROXY: 1, "::1": 1}
    (text,) = desk.log.texts()
    assert text == (
        "Connection from [192.0.2.7]:40112 I=[198.51.100.1]:25 refused:"
        " too many connections from that IP address"
    )
    assert desk.log.events[0].fields["CLIENT"] == "192.0.2.7"


def test_a_connection_does_not_stand_in_its_own_way() -> None:
    """Said twice, or where proxy and client are one host."""
    desk = Desk(calls=1)

    for address in ("192.0.2.7", "192.0.2.7", PROXY, PROXY):
        assert desk.names(1, address) == Verdict()
    assert desk.children.sessions == 1


@pytest.mark.parametrize("death", [True, False])
def test_a_slot_is_freed_once_under_whatever_name_it_has(death: bool) -> None:
    desk = Desk(calls=2)
    desk.names(1, "192.0.2.7")

    for pid in (1, 2):
        desk.children.free_slot(pid)
        if death:
            desk.children.remove(pid)

    assert desk.children.sessions == 0
    assert not desk.children.callers


def test_a_connection_that_is_over_gets_no_slot_again() -> None:
    desk = Desk(calls=1)
    desk.children.free_slot(1)

    assert desk.names(1, "192.0.2.7") == Verdict()
    assert desk.names(7, "192.0.2.7") == Verdict()
    assert desk.children.sessions == 0


def test_a_limit_that_is_no_number_lets_him_in_and_is_told() -> None:
    """LM-03"""
    desk = Desk(calls=2, limit="1x")

    assert desk.names(1, "192.0.2.7") == Verdict()
    assert desk.names(2, "192.0.2.7") == Verdict(TOO_MANY)
    assert [event.kind for event in desk.log.events] == [
        Kind.WRONG_SETTING,
        Kind.WRONG_SETTING,
        Kind.REFUSED,
    ]
    assert "for [192.0.2.7] contains non-digit: 1x" in desk.log.texts()[0]


def test_who_spoils_the_policy_file_behind_a_proxy_loses_it_for_himself_alone() -> None:
    desk = Desk(calls=4, limit=9)
    for pid in (1, 2):
        desk.names(pid, "192.0.2.7")
        desk.fails(pid)

    assert desk.names(3, "192.0.2.7") == Verdict(policy_is_out=True)
    assert desk.names(4, "192.0.2.8") == Verdict()
    assert not desk.policy.is_out(Endpoint(plain_address(PROXY), 40112))


def test_so_does_he_for_whom_a_trusted_host_speaks_and_the_slot_stays_its_own() -> None:
    desk = Desk(calls=1)
    for _ in range(2):
        assert desk.speaks_for(1, "192.0.2.7") == Verdict()
        desk.fails(1)

    assert desk.speaks_for(1, "192.0.2.7") == Verdict(policy_is_out=True)
    assert desk.speaks_for(1, "192.0.2.8") == Verdict()
    assert not desk.policy.is_out(Endpoint(plain_address(PROXY), 40112))
    assert desk.children.callers == {PROXY: 1}


def test_the_next_client_of_a_worker_is_not_who_was_named_before() -> None:
    desk = Desk(calls=1)
    desk.speaks_for(1, "192.0.2.7")
    desk.children.free_slot(1)
    desk.children.occupy(1, "192.0.2.9")
    desk.fails(1)
    desk.fails(1)

    assert desk.policy.is_out(Endpoint(plain_address("192.0.2.9"), 40112))
    assert not desk.policy.is_out(Endpoint(plain_address("192.0.2.7"), 40112))


def test_a_session_under_older_settings_asks_a_file_that_nobody_counts() -> None:
    desk = Desk(calls=1)
    for _ in range(2):
        desk.speaks_for(1, "192.0.2.7")
        desk.fails(1)
    desk.children.add(Child(7, Job.SESSION, address=PROXY, holds_slot=True, generation=99))

    assert desk.speaks_for(7, "192.0.2.7") == Verdict()
    assert desk.speaks_for(8, "192.0.2.7") == Verdict()
