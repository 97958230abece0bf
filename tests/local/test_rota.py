"""Whose turn it is: bounds that hold whatever happens, and nobody waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymta.local.rota import (
    HUNG_AFTER,
    LONGEST_WAIT,
    MOST,
    MOST_OF_ONE,
    Begin,
    Refuse,
    Rota,
)
from pymta.transport.to_local import TAKEN_WITHIN


def begin_all(rota: Rota, now: float) -> list[int]:
    """Everything that may begin now; the numbers of requests are those of processes."""
    begun = []
    while isinstance(move := rota.next_move(now), Begin):
        rota.began(move.request, move.request, now)
        begun.append(move.request)
    return begun


def test_requests_begin_in_the_order_in_which_they_came() -> None:
    rota = Rota()
    for n, account in enumerate("abc"):
        rota.asked(n, account, 0.0)
    assert begin_all(rota, 0.0) == [0, 1, 2]
    assert rota.next_move(0.0) is None


def test_one_account_does_not_take_every_process() -> None:
    rota = Rota()
    for n in range(10):
        rota.asked(n, "alice", 0.0)
    rota.asked(10, "bob", 0.0)
    assert begin_all(rota, 0.0) == [*range(MOST_OF_ONE), 10]
    assert rota.ended(0, 1.0) == ("alice", 1.0)
    assert begin_all(rota, 1.0) == [MOST_OF_ONE]


def test_a_home_that_hangs_costs_nobody_else_a_process() -> None:
    rota = Rota()
    rota.asked(0, "alice", 0.0)
    assert begin_all(rota, 0.0) == [0]
    rota.asked(1, "alice", HUNG_AFTER)
    rota.asked(2, "bob", HUNG_AFTER)
    move = rota.next_move(HUNG_AFTER)
    assert isinstance(move, Refuse)
    assert move.request == 1
    assert "alice has been under way for 15 s" in move.why
    rota.withdrawn(1)
    assert begin_all(rota, HUNG_AFTER) == [2]


def test_when_the_hanging_process_has_ended_the_account_is_served_again() -> None:
    rota = Rota()
    rota.asked(0, "alice", 0.0)
    begin_all(rota, 0.0)
    rota.ended(0, 300.0)
    rota.asked(1, "alice", 300.0)
    assert begin_all(rota, 300.0) == [1]


def test_who_waits_hears_in_time_that_there_is_no_room() -> None:
    rota = Rota()
    for n in range(MOST + 1):
        rota.asked(n, f"user{n}", 0.0)
    assert len(begin_all(rota, 0.0)) == MOST
    assert rota.wait(0.0) == LONGEST_WAIT
    assert isinstance(rota.next_move(LONGEST_WAIT), Refuse)


def test_commands_of_an_account_are_counted_by_themselves_and_may_take_their_time() -> None:
    """However many of them a .forward names, and whatever the mailbox does."""
    rota = Rota()
    for n in range(MOST_OF_ONE + 1):
        rota.asked(n, "alice", 0.0, is_command=True)
    rota.asked(90, "alice", 0.0)
    assert begin_all(rota, 0.0) == [*range(MOST_OF_ONE), 90]
    assert rota.next_move(HUNG_AFTER + 1) is None
    refused = Refuse(MOST_OF_ONE, f"{MOST_OF_ONE} commands of alice are under way")
    assert rota.next_move(LONGEST_WAIT) == refused


def test_the_limits_fit_each_other() -> None:
    assert HUNG_AFTER < LONGEST_WAIT < TAKEN_WITHIN
    assert MOST_OF_ONE < MOST


def test_the_clock_alone_is_asked_for_only_when_somebody_waits() -> None:
    rota = Rota()
    assert rota.wait(0.0) is None
    for n in range(MOST_OF_ONE):
        rota.asked(n, "alice", 0.0)
    begin_all(rota, 0.0)
    assert rota.wait(1.0) is None
    rota.asked(9, "alice", 1.0)
    assert rota.wait(1.0) == HUNG_AFTER - 1.0


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("end"), st.integers(0, 300)),
        st.tuples(st.just("leave"), st.integers(0, 300)),
        st.tuples(st.just("pass"), st.integers(0, 40)),
    ),
    max_size=300,
)


@given(DEEDS)
def test_the_bounds_hold_and_everybody_hears_something(deeds: list[tuple[str, object]]) -> None:
    rota, now = Rota(), 0.0
    asked: dict[int, float] = {}
    running: dict[int, str] = {}
    accounts: dict[int, str] = {}
    for number, (deed, what) in enumerate(deeds):
        match deed, what:
            case "ask", str(account):
                rota.asked(number, account, now)
                asked[number], accounts[number] = now, account
            case "end", int(n):
                assert (rota.ended(n, now) is not None) == (n in running)
                running.pop(n, None)
            case "leave", int(n) if n in asked:
                rota.withdrawn(n)
                del asked[n]
            case "pass", int(seconds):
                now += seconds
        while move := rota.next_move(now):
            if isinstance(move, Begin):
                rota.began(move.request, move.request, now)
                running[move.request] = accounts[move.request]
            else:
                rota.withdrawn(move.request)
            del asked[move.request]
        assert set(rota.waiting) == set(asked)
        assert len(rota) == len(running) <= MOST
        assert all(list(running.values()).count(a) <= MOST_OF_ONE for a in running.values())
        assert all(now - since < LONGEST_WAIT for since in asked.values())
        wait = rota.wait(now)
        assert (wait is None) == (not asked)
