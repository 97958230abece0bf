from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.supervisor.dispatch import (
    FIRST_RUN_PAUSE,
    FORK_PAUSE,
    HOLD_OFF,
    MOST_OF_ONE,
    MOST_WAITING,
    Dispatch,
    Give,
    Hire,
    RunFirst,
    Task,
)

LOCAL = Task("1aaaaa-00000000001-0000")


def remote(number: int, domain: str = "slow.example") -> Task:
    return Task(f"1aaaaa-0000000000{number}-0000", domain)


def hire_all(dispatch: Dispatch, now: float = 0.0) -> list[Task]:
    """Carry moves out with workers numbered from 100 up; what has been started."""
    started = []
    while move := dispatch.next_move(now):
        match move:
            case Hire(task):
                dispatch.hired(100 + len(dispatch.busy), task)
                started.append(task)
            case Give(pid, task):
                dispatch.hired(pid, task)
                started.append(task)
            case RunFirst():
                break
    return started


def test_the_first_message_gets_a_worker_of_its_own() -> None:
    dispatch = Dispatch(20)
    dispatch.hand_on(LOCAL)

    assert dispatch.next_move(0) == Hire(LOCAL)
    assert dispatch.next_move(0) is None


def test_a_free_worker_goes_before_a_new_one() -> None:
    dispatch = Dispatch(20)
    dispatch.hired(100, LOCAL)
    dispatch.attempted(100, 1.0)
    dispatch.hand_on(remote(2))

    assert dispatch.next_move(1.0) == Give(100, remote(2))


@pytest.mark.parametrize("task", [LOCAL, remote(2)])
def test_of_several_free_workers_the_last_one_goes_on_so_that_the_others_may_end(
    task: Task,
) -> None:
    dispatch = Dispatch(20)
    for pid in (100, 101, 102):
        dispatch.hired(pid, task)
    for now, pid in enumerate((101, 102, 100), start=1):
        dispatch.attempted(pid, now)
    dispatch.hand_on(task)

    assert dispatch.next_move(4.0) == Give(100, task)


def test_nobody_need_ask_again_until_something_has_happened() -> None:
    dispatch = Dispatch(deliver_max=1)
    happens = (
        partial(dispatch.hand_on, LOCAL),
        partial(dispatch.hand_on, remote(1)),
        partial(dispatch.attempted, 100, 1.0),
        partial(dispatch.gone, 100, 2.0, found_no_place=False),
    )

    settled = []
    for happen in happens:
        happen()
        settled.append(dispatch.is_settled)
        hire_all(dispatch)
        settled.append(dispatch.is_settled)

    assert settled == [False, True] * len(happens)


def test_no_more_than_deliver_max_work_at_once() -> None:
    dispatch = Dispatch(3)
    for _ in range(5):
        dispatch.hand_on(LOCAL)

    assert len(hire_all(dispatch)) == 3
    assert len(dispatch.waiting) == 2


def test_one_slow_destination_leaves_half_of_the_workers_to_others() -> None:
    dispatch = Dispatch(10)
    for number in range(9):
        dispatch.hand_on(remote(number))
    for number in range(9):
        dispatch.hand_on(remote(number, f"other{number}.example"))
    for _ in range(9):
        dispatch.hand_on(LOCAL)

    started = hire_all(dispatch)
    assert sum(task.destination == "slow.example" for task in started) == 5
    assert sum(task == LOCAL for task in started) == 2  # the fifth that is kept free
    assert len(started) == 10


def test_what_does_not_fit_is_found_by_a_run_over_first_deliveries() -> None:
    dispatch = Dispatch(2)
    for _ in range(MOST_WAITING + 1):
        dispatch.hand_on(LOCAL)
    assert dispatch.missed

    while dispatch.waiting:
        for task in hire_all(dispatch):
            assert task == LOCAL
        for pid in list(dispatch.busy):
            dispatch.attempted(pid, 0)

    assert dispatch.next_move(0) == RunFirst()
    assert dispatch.next_move(0) is None


def test_each_queue_with_messages_that_did_not_fit_gets_a_run_of_its_own() -> None:
    """N-16"""
    dispatch = Dispatch(20)
    for queue in ("", *("slow", "hipri") * (MOST_WAITING // 2 + 1)):
        dispatch.hand_on(Task(LOCAL.id, queue=queue))
    dispatch.waiting.clear()

    assert [dispatch.next_move(0) for _ in range(3)] == [RunFirst("hipri"), RunFirst("slow"), None]


def test_a_worker_that_died_leaves_its_message_to_the_queue() -> None:
    dispatch = Dispatch(2)
    dispatch.hired(100, LOCAL)

    dispatch.gone(100, 0, found_no_place=False)
    assert dispatch.next_move(0) is None


def test_a_worker_without_a_place_on_the_host_lets_its_message_wait() -> None:
    dispatch = Dispatch(2)
    dispatch.hired(100, LOCAL)

    dispatch.gone(100, 0, found_no_place=True)
    assert dispatch.next_move(0) is None
    assert dispatch.wait(0, timeout=5) == HOLD_OFF
    assert dispatch.next_move(HOLD_OFF) == Hire(LOCAL)


def test_workers_that_are_free_for_long_are_let_go() -> None:
    dispatch = Dispatch(2)
    dispatch.hired(100, LOCAL)
    dispatch.attempted(100, 10.0)

    assert dispatch.retire(14.9, timeout=5) == ()
    assert dispatch.wait(12.0, timeout=5) == 3.0
    assert dispatch.retire(15.0, timeout=5) == (100,)
    assert dispatch.workers == 0


def test_a_worker_with_older_settings_gets_no_more_work() -> None:
    dispatch = Dispatch(2)
    dispatch.hired(100, LOCAL)
    dispatch.leaving.add(100)
    dispatch.attempted(100, 0)
    dispatch.hand_on(LOCAL)

    assert dispatch.next_move(0) == Hire(LOCAL)


@given(
    deliver_max=st.integers(2, 12),
    domains=st.lists(st.sampled_from(["", "a.example", "b.example", "c.example"]), max_size=60),
)
def test_remote_mail_never_takes_the_last_place(deliver_max: int, domains: list[str]) -> None:
    dispatch = Dispatch(deliver_max)
    for domain in domains:
        dispatch.hand_on(Task("id", domain))
    hire_all(dispatch)

    assert dispatch.workers <= deliver_max
    assert sum(bool(task.destination) for task in dispatch.busy.values()) < deliver_max


@pytest.mark.parametrize("deliver_max", [1, 2, 20])
def test_remote_mail_gets_through_however_few_workers_there_are(deliver_max: int) -> None:
    dispatch = Dispatch(deliver_max)
    dispatch.hand_on(remote(1))

    assert dispatch.next_move(0) == Hire(remote(1))


def test_a_message_waits_when_its_worker_could_not_be_forked() -> None:
    """ID-07, QR-04: later, and not at every turn."""
    dispatch = Dispatch(20)
    dispatch.hand_on(LOCAL)
    assert dispatch.next_move(0) == Hire(LOCAL)

    dispatch.no_process(0, LOCAL)

    assert dispatch.next_move(FORK_PAUSE - 1) is None
    assert dispatch.wait(0, timeout=5) == FORK_PAUSE
    assert dispatch.next_move(FORK_PAUSE) == Hire(LOCAL)


def test_a_run_over_first_deliveries_that_could_not_be_forked_is_still_wanted() -> None:
    dispatch = Dispatch(20)
    dispatch.missed.add("slow")
    assert dispatch.next_move(0) == RunFirst("slow")

    dispatch.no_run(0, "slow")

    assert dispatch.next_move(FORK_PAUSE - 1) is None
    assert dispatch.wait(0, timeout=5) == FORK_PAUSE
    assert dispatch.next_move(FORK_PAUSE) == RunFirst("slow")


def test_a_destination_with_a_limit_of_its_own_gets_no_more_workers() -> None:
    dispatch = Dispatch(10, {"slow.example": 1, "*.big.example": 2})
    for number in range(3):
        dispatch.hand_on(remote(number))
        dispatch.hand_on(remote(number, "sub.big.example"))
        dispatch.hand_on(remote(number, "other.example"))

    started = [task.destination for task in hire_all(dispatch)]

    assert sorted(started) == [*["other.example"] * 3, "slow.example", *["sub.big.example"] * 2]


def test_one_destination_never_fills_the_list_of_those_that_wait() -> None:
    dispatch = Dispatch(10)
    for number in range(MOST_WAITING):
        dispatch.hand_on(remote(number))
    assert len(dispatch.waiting) == MOST_OF_ONE

    dispatch.hand_on(remote(1, "other.example"))

    assert remote(1, "other.example") in dispatch.waiting
    assert dispatch.missed == {""}


def test_what_did_not_fit_is_looked_for_though_a_slow_destination_has_mail_waiting() -> None:
    dispatch = Dispatch(10)
    for number in range(MOST_OF_ONE + 1):
        dispatch.hand_on(remote(number))
    assert dispatch.missed

    for number in range(5):
        dispatch.hired(100 + number, remote(number))

    assert dispatch.next_move(0) == RunFirst()


def test_a_slow_destination_does_not_start_a_run_for_each_message() -> None:
    dispatch = Dispatch(10)
    for number in range(5):
        dispatch.hired(100 + number, remote(number))
    for number in range(MOST_OF_ONE + 1):
        dispatch.hand_on(remote(number))
    assert dispatch.next_move(0) == RunFirst()

    dispatch.hand_on(remote(1))

    assert dispatch.next_move(1.0) is None
    assert dispatch.wait(1.0, timeout=5) == FIRST_RUN_PAUSE - 1
    assert dispatch.next_move(FIRST_RUN_PAUSE) == RunFirst()


def test_remote_mail_without_a_place_on_the_host_keeps_no_local_mail_waiting() -> None:
    dispatch = Dispatch(10)
    dispatch.hired(100, remote(1))
    dispatch.gone(100, 0, found_no_place=True)
    dispatch.hand_on(LOCAL)

    assert dispatch.next_move(0) == Hire(LOCAL)
    dispatch.hired(101, LOCAL)
    assert dispatch.next_move(0) is None
    assert dispatch.next_move(HOLD_OFF) == Hire(remote(1))


def test_the_worker_that_was_there_last_gets_the_next_message_for_a_destination() -> None:
    dispatch = Dispatch(10)
    for pid, domain in ((100, "a.example"), (101, "b.example"), (102, "c.example")):
        dispatch.hired(pid, remote(1, domain))
        dispatch.attempted(pid, 1.0)
    dispatch.hand_on(remote(2, "b.example"))

    assert dispatch.next_move(1.0) == Give(101, remote(2, "b.example"))


class Counted(dict[str, int]):
    """A table that says how often it was asked."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        self.asked += 1
        return super().__contains__(key)


def test_a_decision_costs_the_same_however_many_messages_wait_for_a_destination() -> None:
    table = Counted({"slow.example": 1})
    dispatch = Dispatch(20, table)
    for number in range(MOST_OF_ONE):
        dispatch.hand_on(remote(number))
    assert hire_all(dispatch) == [remote(0)]

    table.asked = 0
    assert dispatch.next_move(0) is None
    assert table.asked == 1
