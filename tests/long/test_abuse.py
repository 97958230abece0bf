"""Abuse of the sizes that reliability.md names; by hand, with -m long and -s for the figures."""

from __future__ import annotations

import statistics
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.doubles.abuser import (
    Abuser,
    Attack,
    crowd_of_recipients,
    endless_command,
    endless_field,
    folded_field,
    large_message,
    many_fields,
    most_memory,
    seconds_of_a_good_client,
)
from tests.doubles.crowd import allow_descriptors, crowd, resident
from tests.doubles.daemon import daemon
from tests.lives.test_abuse import BOUND, MIB, trickle

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

SILENT = 1000
WITHIN = 1.0  # seconds, for whoever behaves
ATTACKS: list[tuple[Attack, int, Counter[str]]] = [
    (endless_command, 100 * MIB, Counter({"500": 1, "250": 1})),
    (crowd_of_recipients, 100_000, Counter({"250": 50_000, "452": 50_000})),
    (large_message, 1024 * MIB, Counter({"552": 1, "250": 1})),
    (many_fields, 100 * MIB, Counter({"552": 1, "250": 1})),
    (folded_field, 100 * MIB, Counter({"552": 1, "250": 1})),
    (endless_field, 100 * MIB, Counter({"552": 1, "250": 1})),
]


@pytest.mark.parametrize(
    ("attack", "size", "heard"), ATTACKS, ids=[attack.__name__ for attack, _, _ in ATTACKS]
)
def test_a_worker_stays_small_whatever_it_is_sent(
    attack: Attack, size: int, heard: Counter[str]
) -> None:
    with (
        daemon(worker_max_connections=1) as made,
        Abuser(made) as quiet,
        Abuser(made) as abuser,
    ):
        supervisor = resident(made.pid)
        assert attack(abuser, size) == heard
        grown = most_memory(abuser.worker) - most_memory(quiet.worker)
        print(
            f"\n{attack.__name__}({size}): the worker grew by {grown} KiB, the supervisor by"
            f" {resident(made.pid) - supervisor}; a good client then took"
            f" {seconds_of_a_good_client(made):.3f} s"
        )
        assert grown < BOUND


def test_a_thousand_who_say_nothing_keep_nobody_out() -> None:
    """LM-01, ST-06"""
    allow_descriptors(SILENT)
    with (
        daemon(smtp_accept_max=SILENT + 100, smtp_receive_timeout="20s") as made,
        ExitStack() as stack,
    ):
        trickling = [stack.enter_context(Abuser(made)) for _ in range(20)]
        held = stack.enter_context(crowd(made, SILENT))
        assert held.heard == {"220 "}
        took = [seconds_of_a_good_client(made) for _ in range(50)]
        print(
            f"\nbeside {SILENT} who are silent a message took {statistics.median(took):.3f} s,"
            f" at most {max(took):.3f} s"
        )
        assert max(took) < WITHIN
        assert {trickle(abuser) for abuser in trickling} == {"421"}
        made.wait_for_idle()
