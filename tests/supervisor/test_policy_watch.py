"""What the supervisor makes of policy functions that failed."""

from __future__ import annotations

import signal
from dataclasses import replace
from ipaddress import ip_address

import pytest

from pymta.config.policy_code import PolicyCode
from pymta.config.settings import Settings
from pymta.mail.caller import Endpoint, LocalCaller
from pymta.policy.stage import Stage
from pymta.policy.time_limit import signal_of
from pymta.supervisor.children import Child, Job
from pymta.supervisor.policy_watch import PolicyWatch
from tests.doubles.log import MemoryLog

SETTINGS = replace(
    Settings(policy_code=PolicyCode(policy_file="/p.py", policy_breaker_failures=2)), generation=3
)
RULE = "policy_file:data"
CHILD = Child(4711, Job.SESSION, address="192.0.2.7", generation=3)
CALLER = Endpoint(ip_address("192.0.2.7"), 40112)
DATA = signal_of(list(Stage).index(Stage.DATA))


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def watch(log: MemoryLog) -> PolicyWatch:
    return PolicyWatch(SETTINGS, log)


def test_sessions_of_a_generation_that_is_gone_say_nothing_of_what_serves(
    watch: PolicyWatch, log: MemoryLog
) -> None:
    for _ in range(9):
        watch.failed(RULE, replace(CHILD, generation=2))
    assert not watch.is_out(CALLER)

    watch.failed(RULE, CHILD)
    watch.failed(RULE, CHILD)
    assert watch.is_out(CALLER)
    assert not watch.is_out(LocalCaller(1000, 1000, 7))
    assert len(log.events) == 1


def test_a_process_that_was_ended_is_told_with_its_stage_and_counts(
    watch: PolicyWatch, log: MemoryLog
) -> None:
    assert watch.ended(CHILD, DATA)
    assert watch.ended(replace(CHILD, address="", uid=1000), DATA)

    serving = "session process 4711 serving"
    assert log.texts()[:2] == [
        f"{RULE} did not come back within 7s: {serving} [192.0.2.7] was ended",
        f"{RULE} did not come back within 7s: {serving} uid 1000 was ended",
    ]
    assert watch.is_out_for_all()
    assert watch.is_out(CALLER)


def test_it_is_the_client_who_counts_and_not_the_host_that_speaks_for_him(
    watch: PolicyWatch, log: MemoryLog
) -> None:
    gateway = "198.51.100.9"
    for _ in range(2):
        assert watch.ended(replace(CHILD, address=gateway, named="192.0.2.7"), DATA)

    assert "serving [192.0.2.7] was ended" in log.texts()[0]
    assert watch.is_out(CALLER)
    assert not watch.is_out(Endpoint(ip_address(gateway), 40112))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal_of(len(Stage))])
def test_other_signals_are_not_ours(watch: PolicyWatch, log: MemoryLog, number: int) -> None:
    assert not watch.ended(CHILD, number)
    assert not watch.ended(replace(CHILD, job=Job.DELIVERY), DATA)
    assert not log.events
