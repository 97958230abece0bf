"""Code that takes too long is stopped, whether it wants to be or not.

Each case in a process of its own, because a limit belongs to one, and may end it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pymta.policy.own import rule_of, stage_of
from pymta.policy.stage import Stage
from pymta.policy.time_limit import MOST_LIMITS, limit_of, signal_of

ROOT = Path(__file__).parents[2]
SCRIPT = """
import itertools, os, re, select, time
from pymta.policy.time_limit import OutOfTimeError, TimeLimit

def wait():
    time.sleep(60)

def loop():
    while True:
        pass

def runaway_expression():
    re.match("(a+)+$", "a" * 60 + "b")

def catch_exceptions():
    while True:
        try:
            time.sleep(60)
        except Exception:
            pass

def catch_and_give():
    try:
        time.sleep(60)
    except BaseException:
        return "something"

def wait_for_a_descriptor():
    select.poll().poll()

def never_come_back():
    sum(itertools.repeat(1))

def catch_everything():
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

limit = TimeLimit(0.05, grace=GRACE)
try:
    print(limit.call(3, FUNCTION), flush=True)
except OutOfTimeError:
    print("out of time", flush=True)
print(limit.call(4, lambda: "the next is well"))
"""


def play(function: str, grace: float) -> tuple[int, list[str]]:
    script = SCRIPT.replace("FUNCTION", function).replace("GRACE", str(grace))
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    "function",
    "wait loop runaway_expression catch_exceptions catch_and_give wait_for_a_descriptor".split(),
)
def test_what_looks_for_signals_gets_an_exception_and_the_process_goes_on(function: str) -> None:
    assert play(function, grace=50) == (0, ["out of time", "the next is well"])


@pytest.mark.parametrize("function", ["never_come_back", "catch_everything"])
def test_what_does_not_heed_that_is_ended_by_the_signal_of_its_limit(function: str) -> None:
    assert play(function, grace=0.2) == (-signal_of(3), [])


def test_what_is_in_time_is_as_if_there_were_no_limit() -> None:
    status, said = play("lambda: 'a result'", grace=50)

    assert (status, said) == (0, ["a result", "the next is well"])


def test_each_limit_has_a_signal_and_no_other_signal_is_one() -> None:
    assert [limit_of(signal_of(limit)) for limit in range(MOST_LIMITS)] == list(range(MOST_LIMITS))
    assert {limit_of(number) for number in range(1, signal_of(0))} == {None}
    assert limit_of(signal_of(0) + MOST_LIMITS) is None


def test_each_stage_has_a_limit() -> None:
    assert [stage_of(limit) for limit in range(len(Stage))] == list(Stage)
    assert stage_of(len(Stage)) is None
    assert len(Stage) <= MOST_LIMITS
    assert rule_of(Stage.RCPT) == "policy_file:rcpt"


def test_no_time_is_lost_over_a_soft_limit() -> None:
    began = time.monotonic()
    play("wait", grace=50)

    assert time.monotonic() - began < 30
