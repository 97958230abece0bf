"""Which messages a run takes, and in which order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.channel.selection import Selection
from pymta.queue.due import due, in_random_order, is_due
from pymta.spool.store import Waiting

NOW = 1_700_000_000.0
FAR = NOW + 50 * 365 * 86_400

NEW = Waiting("a", due=0.0, is_first=True)
TRIED_DUE = Waiting("b", due=NOW, is_first=False)
TRIED_LATER = Waiting("c", due=NOW + 1, is_first=False)
FROZEN = Waiting("d", due=FAR, is_first=False)
ALL = [NEW, TRIED_DUE, TRIED_LATER, FROZEN]


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        pytest.param(Selection(), "ab", id="a plain run takes what is due"),
        pytest.param(Selection(force=True), "abcd", id="force takes all, frozen too"),
        pytest.param(Selection(first_only=True), "a", id="first deliveries only"),
        pytest.param(Selection(force=True, first_only=True), "a", id="force does not widen it"),
        pytest.param(Selection(ids=("b", "c", "x")), "b", id="named, and due"),
        pytest.param(Selection(ids=("c", "d"), force=True), "cd", id="named and forced"),
    ],
)
def test_a_selection_says_which_messages_a_run_takes(selection: Selection, taken: str) -> None:
    assert list(due(ALL, selection, NOW)) == list(taken)


@pytest.mark.parametrize(
    ("selection", "flags"),
    [
        (Selection(), ""),
        (Selection(force=True), "-qff"),
        (Selection(first_only=True), "-qi"),
        (Selection(force=True, first_only=True), "-qiff"),
    ],
)
def test_the_log_names_a_run_by_its_classic_option(selection: Selection, flags: str) -> None:
    assert selection.flags == flags


def test_the_listing_is_not_read_ahead() -> None:
    taken = due((pytest.fail("read ahead") if n else NEW for n in range(2)), Selection(), NOW)

    assert next(taken) == "a"


@given(st.lists(st.integers(0, 999).map(str), unique=True), st.integers())
def test_a_random_order_leaves_nobody_out_and_takes_nobody_twice(ids: list[str], seed: int) -> None:
    assert sorted(in_random_order(ids, random.Random(seed))) == sorted(ids)


@given(
    st.floats(0, 2e9),
    st.booleans(),
    st.builds(Selection, force=st.booleans(), first_only=st.booleans()),
    st.floats(0, 2e9),
    st.floats(0, 2e9),
)
def test_what_is_due_now_is_due_later(
    due_at: float, is_first: bool, selection: Selection, one: float, other: float
) -> None:
    message = Waiting("a", due_at, is_first)
    sooner, later = sorted((one, other))

    assert is_due(message, selection, later) or not is_due(message, selection, sooner)
