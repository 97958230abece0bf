"""Whose clock counts: that of hosts, or that of a recipient of one message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pymta.config.queue import Queue
from pymta.config.routing import Routing
from pymta.config.settings import Settings
from tests.doubles.deliveries import BUSY, DOWN, Rig

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def test_a_message_waits_for_its_host_however_young_it_is(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    old = rig.put("a@x.example")
    rig.attempt(old)
    rig.now += 3 * HOUR
    rig.attempt(old)
    new = rig.put("a@x.example")

    rig.attempt(new)

    state = rig.state(new)
    assert state is not None
    assert state.due == rig.now + 1.5 * HOUR  # the host is in its second rule


def test_the_first_try_is_the_last_where_the_host_was_down_for_too_long(rig: Rig) -> None:
    rig.answers["a@x.example"] = DOWN
    for _ in range(5 * 24):
        rig.attempt(rig.put("a@x.example"))
        rig.now += HOUR
    lines = rig.attempt(rig.put("a@x.example"))

    assert "retry timeout exceeded" in " ".join(lines)
    assert lines[-1] == "Completed"


def test_nobody_is_given_up_without_a_last_try(rig: Rig) -> None:
    id = rig.put("a@x.example")
    rig.answers["a@x.example"] = BUSY  # he has a clock of his own now
    rig.attempt(id)
    rig.now += 4 * DAY + MINUTE
    rig.answers["b@x.example"] = DOWN
    rig.attempt(rig.put("b@x.example"))
    del rig.answers["a@x.example"]

    lines = rig.attempt(id)

    assert lines[0].startswith("=> a@x.example")


def test_rules_of_the_settings_are_those_of_an_attempt(tmp_path: Path) -> None:
    rules = Queue(retry_rules=("x.example data_451 F,1d,7m", "mx.y.example * F,1d,9m"))
    rig = Rig(tmp_path, settings=Settings(routing=Routing(primary_hostname="h"), queue=rules))
    rig.answers = {"a@x.example": BUSY, "b@y.example": DOWN}
    id = rig.put("a@x.example", "b@y.example")

    rig.attempt(id)

    state = rig.state(id)
    assert state is not None
    assert dict(state.dues) == {0: rig.now + 7 * MINUTE, 1: rig.now + 9 * MINUTE}
    rig.close()


def test_hosts_that_are_past_their_time_cost_no_last_try_for_each_message(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.answers = {f"{n}@x.example": DOWN for n in range(4)}
    ids = [rig.put(f"{n}@x.example") for n in range(3)]
    for id in ids:
        rig.attempt(id)
    for _ in range(16):
        rig.now += 6 * HOUR
        rig.attempt(rig.put("3@x.example"))
    rig.now += MINUTE
    asked: list[str] = []
    talk_really = rig._talk

    def talk(*arguments: Any) -> Any:
        asked.append(arguments[1].id)
        return talk_really(*arguments)

    monkeypatch.setattr(rig, "_talk", talk)
    for id in ids:
        assert "retry timeout exceeded" in " ".join(rig.attempt(id))

    assert asked == ids[:1]
