"""Every state with every step: what cannot be reached, and what can never happen."""

from __future__ import annotations

import itertools

import pytest

from pymta.spool.states import (
    CORRUPT,
    INCOMING,
    JOURNAL,
    MEANING,
    NONE,
    QUEUE,
    STEP,
    STEPS,
    SWEEP_AGE,
    WRITER_LIMIT,
    Actor,
    Call,
    Files,
    after,
    is_legal,
    is_overdue,
    is_stale,
)

ALL = [
    a | b | c | d
    for a, b, c, d in itertools.product(
        (NONE, INCOMING), (NONE, QUEUE), (NONE, JOURNAL), (NONE, CORRUPT)
    )
]


def reachable() -> set[Files]:
    found, new = {NONE}, {NONE}
    while new:
        new = {
            after(state, step.call) for state in new for step in STEPS if is_legal(state, step)
        } - found
        found |= new
    return found


def test_exactly_the_states_that_can_be_reached_have_a_meaning() -> None:
    assert reachable() == set(MEANING)


@pytest.mark.parametrize("call", Call, ids=lambda call: call.name)
def test_every_call_is_described_once(call: Call) -> None:
    assert [step.call for step in STEPS].count(call) == 1


@pytest.mark.parametrize("state", ALL, ids=str)
@pytest.mark.parametrize("call", Call, ids=lambda call: call.name)
def test_a_step_happens_only_where_it_is_legal(state: Files, call: Call) -> None:
    step = STEP[call]
    if not is_legal(state, step):
        with pytest.raises(ValueError, match=call.name):
            after(state, call)
        return
    assert step.gives in after(state, call)
    assert not step.takes & after(state, call)


@pytest.mark.parametrize("state", sorted(reachable(), key=str), ids=str)
def test_a_message_leaves_the_queue_only_settled_or_set_aside_and_by_its_claimer(
    state: Files,
) -> None:
    for step in STEPS:
        if QUEUE in state and is_legal(state, step) and QUEUE not in after(state, step.call):
            assert step.actors == (Actor.CLAIMER,)
            assert step.call in {Call.UNLINK, Call.ASIDE}


@pytest.mark.parametrize("state", sorted(reachable(), key=str), ids=str)
def test_a_message_comes_into_the_queue_only_by_its_writer_and_without_a_journal(
    state: Files,
) -> None:
    for step in STEPS:
        if QUEUE not in state and is_legal(state, step) and QUEUE in after(state, step.call):
            assert step.call is Call.LINK
            assert not state & CORRUPT


def test_the_journal_of_a_message_in_the_queue_is_never_taken() -> None:
    for state in reachable():
        for step in STEPS:
            if QUEUE | JOURNAL in state and is_legal(state, step):
                assert JOURNAL in after(state, step.call)


def test_a_journal_goes_only_after_the_removal_of_its_message_was_synced() -> None:
    for step in STEPS:
        if JOURNAL in step.takes:
            assert QUEUE in step.synced


def test_the_sweeper_brings_every_state_to_rest() -> None:
    """Whatever is left, sweeping ends with nothing, the message, or the message set aside."""
    for start in reachable():
        state = start
        while moves := [s for s in STEPS if Actor.SWEEPER in s.actors and is_legal(state, s)]:
            state = after(state, moves[0].call)
        assert state in {NONE, QUEUE, QUEUE | JOURNAL, CORRUPT}
        assert (QUEUE in state) == (QUEUE in start)
        assert (CORRUPT in state) == (CORRUPT in start)


def test_the_sweeper_never_meets_a_living_writer() -> None:
    assert WRITER_LIMIT < SWEEP_AGE - 3600
    began = 1000.0
    for age in (0, WRITER_LIMIT, WRITER_LIMIT + 1, SWEEP_AGE, SWEEP_AGE + 1):
        assert is_overdue(began, began + age) or not is_stale(began, began + age)
