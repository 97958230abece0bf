"""What the options of `pymta queue run` ask for."""

from __future__ import annotations

import os

import pytest

from pymta.cli.app import run
from pymta.cli.queue_run import _who_asks, at_domain
from pymta.queue.due import finder


@pytest.mark.parametrize("instance", ["my-host.example", "my/host.example"])
def test_a_domain_is_all_addresses_there_and_no_others(instance: str) -> None:
    """Check 18: also as systemd hands over the instance of a template unit that nobody escaped."""
    is_there = finder(at_domain(instance), is_pattern=True)

    assert is_there("x@my-host.example")
    assert is_there("X@MY-HOST.example")
    for other in (
        "x@amy-host.example",
        "x@a.my-host.example",
        "x@my-host.example.org",
        "x@my-hostaexample",
        "my-host.example@elsewhere.example",
        '"@my-host.example"@elsewhere.example',
    ):
        assert not is_there(other)


def test_a_domain_excludes_what_would_contradict_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queue", "run", "--domain", "a.example", "--recipient", "x"]) == os.EX_USAGE
    assert "--domain goes without" in capsys.readouterr().err


def test_a_person_is_told_from_a_unit_and_a_unit_from_the_timer_that_starts_it() -> None:
    found = os.fstat(2)
    unit = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}

    assert _who_asks({}) == "hand"
    assert _who_asks({"TRIGGER_UNIT": "pymta-queue.timer"}) == "hand"
    assert _who_asks(unit) == "unit"
    assert _who_asks({**unit, "TRIGGER_UNIT": "pymta-queue.timer"}) == "timer"
