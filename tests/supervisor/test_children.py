from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.supervisor.children import Child, Children, Job


def session(pid: int, address: str = "192.0.2.7") -> Child:
    return Child(pid, Job.SESSION, address=address, holds_slot=True)


@pytest.mark.parametrize(
    "events", [["done"], ["death"], ["done", "death"], ["done", "done", "death"]], ids=" then ".join
)
def test_a_slot_is_freed_exactly_once(events: list[str]) -> None:
    """CH-02: whether the worker says done, dies, or both."""
    children = Children()
    children.add(session(10))
    children.add(session(11))

    for event in events:
        if event == "done":
            children.free_slot(10)
        else:
            children.remove(10)

    assert children.sessions == 1
    assert children.sessions_from("192.0.2.7") == 1


def test_users_of_this_machine_are_counted_apart() -> None:
    """Architecture, decision 9: by uid, root's being 0, and each freed once."""
    children = Children()
    children.add(session(10))
    for pid, uid in ((11, 0), (12, 1000), (13, 1000)):
        children.add(Child(pid, Job.SESSION, uid=uid, holds_slot=True))
    assert (children.sessions, children.local_sessions, children.all_sessions) == (1, 3, 4)
    assert children.local_callers == {0: 1, 1000: 2}
    assert children.callers == {"192.0.2.7": 1}

    children.free_slot(11)
    children.free_slot(11)
    children.occupy(11, "192.0.2.7")
    children.remove(12)

    assert (children.sessions, children.local_sessions) == (2, 1)
    assert children.local_callers == {1000: 1}
    assert children.sessions_from("192.0.2.7") == 2


def test_a_stranger_changes_no_count() -> None:
    """CH-04"""
    children = Children()
    children.add(session(10))

    assert children.remove(99) is None
    children.free_slot(99)
    assert children.sessions == 1


def test_other_children_hold_no_slot() -> None:
    children = Children()
    children.add(Child(20, Job.DELIVERY))
    children.add(Child(21, Job.QUEUE_RUN))

    assert children.sessions == 0
    assert children.count(Job.DELIVERY) == 1
    assert children.remove(21) == Child(21, Job.QUEUE_RUN)
    assert children.count(Job.QUEUE_RUN) == 0


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["add", "done", "death"]))))
def test_the_counts_are_what_a_recount_says(history: list[tuple[int, str]]) -> None:
    children, alive = Children(), dict[int, Child]()
    for pid, event in history:
        if event == "add" and pid not in alive:
            alive[pid] = session(pid, f"192.0.2.{pid % 2}")
            children.add(alive[pid])
        elif event == "done":
            children.free_slot(pid)
        elif event == "death":
            children.remove(pid)
            alive.pop(pid, None)

    held = [child for child in children if child.holds_slot]
    assert children.sessions == len(held)
    for address in ("192.0.2.0", "192.0.2.1"):
        assert children.sessions_from(address) == sum(c.address == address for c in held)
    assert len(children) == len(alive) == children.count(Job.SESSION)
