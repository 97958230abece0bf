"""Who gets which message, and when a run ends."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pymta.queue.pool import MOST_DEATHS, MOST_TURNED_AWAY, End, Give, Hire, Pool, Wait
from tests.doubles.line import Line


def hire(pool: Pool, pid: int) -> None:
    assert pool.next_move() == Hire()
    pool.hired(pid)


def give(pool: Pool, pid: int, id: str) -> None:
    assert pool.next_move() == Give(pid, id)
    pool.gave(pid, id)


def give_next(pool: Pool, pid: int) -> None:
    move = pool.next_move()
    assert isinstance(move, Give)
    pool.gave(pid, move.id)


def test_an_empty_queue_starts_no_process() -> None:
    assert Pool(Line([]), most=4).next_move() == End()


def test_a_worker_is_started_only_for_a_message_that_nobody_can_take() -> None:
    pool = Pool(Line(["a", "b"]), most=4)
    hire(pool, 1)
    give(pool, 1, "a")
    pool.attempted_by(1)

    give(pool, 1, "b")
    assert pool.next_move() == Wait()
    pool.attempted_by(1)
    assert pool.next_move() == End()


def test_no_more_workers_than_allowed() -> None:
    pool = Pool(Line("abc"), most=2)
    for pid, id in ((1, "a"), (2, "b")):
        hire(pool, pid)
        give(pool, pid, id)

    assert pool.next_move() == Wait()


def test_ids_are_taken_one_by_one() -> None:
    taken = []

    def ids() -> Iterator[str]:
        for id in "abc":
            taken.append(id)
            yield id

    pool = Pool(Line(ids()), most=1)
    hire(pool, 1)
    give(pool, 1, "a")
    pool.next_move()

    assert taken == ["a"]


def test_a_bounce_goes_out_in_the_same_run_and_first() -> None:
    pool = Pool(Line("ab"), most=1)
    hire(pool, 1)
    give(pool, 1, "a")
    pool.handed_on("bounce")
    pool.attempted_by(1)

    give(pool, 1, "bounce")


def test_a_dead_worker_leaves_its_message_to_a_later_run() -> None:
    pool = Pool(Line("ab"), most=1)
    hire(pool, 1)
    give(pool, 1, "a")

    assert pool.gone(1, in_order=False) == "a"
    hire(pool, 2)
    give(pool, 2, "b")


def test_a_worker_that_ended_too_early_gives_its_message_back_but_once() -> None:
    pool = Pool(Line("a"), most=1)
    hire(pool, 1)
    give(pool, 1, "a")
    assert not pool.gone(1, in_order=True)

    hire(pool, 2)
    give(pool, 2, "a")
    assert pool.gone(2, in_order=True) == "a"
    assert pool.next_move() == End()


def test_when_all_workers_die_the_run_stops() -> None:
    pool = Pool(Line(map(str, range(1000))), most=1)
    for pid in range(MOST_DEATHS):
        hire(pool, pid)
        give(pool, pid, str(pid))
        pool.gone(pid, in_order=False)

    assert pool.next_move() == End()
    assert pool.is_failing


def test_a_finished_attempt_forgives_the_deaths_before_it() -> None:
    pool = Pool(Line(map(str, range(1000))), most=1)
    for pid in range(3 * MOST_DEATHS):
        hire(pool, pid)
        give_next(pool, pid)
        if pid % 5 == 0:
            pool.attempted_by(pid)
            give_next(pool, pid)
        pool.gone(pid, in_order=False)

    assert not pool.is_failing


def test_without_room_for_a_process_the_others_go_on() -> None:
    pool = Pool(Line("ab"), most=2)
    hire(pool, 1)
    give(pool, 1, "a")
    assert pool.next_move() == Hire()
    pool.found_no_place()

    assert pool.next_move() == Wait()
    pool.attempted_by(1)
    give(pool, 1, "b")
    assert not pool.is_failing


def test_without_room_for_any_process_the_run_fails() -> None:
    pool = Pool(Line("a"), most=2)
    assert pool.next_move() == Hire()
    pool.found_no_place()

    assert pool.next_move() == End()
    assert pool.is_failing


def test_without_a_place_on_the_host_the_message_waits_for_those_who_have_one() -> None:
    pool = Pool(Line("abc"), most=2)
    hire(pool, 1)
    give(pool, 1, "a")
    hire(pool, 2)
    give(pool, 2, "b")
    pool.turned_away(2)

    assert pool.next_move() == Wait()
    pool.attempted_by(1)
    give(pool, 1, "b")


def test_with_no_place_at_all_a_run_tries_for_a_while_and_leaves_the_rest() -> None:
    pool = Pool(Line("abc"), most=2)
    for pid in range(MOST_TURNED_AWAY):
        hire(pool, pid)
        give(pool, pid, "a")
        pool.turned_away(pid)

    assert pool.next_move() == End()
    assert not pool.is_failing


def test_a_stopping_run_feeds_nobody() -> None:
    pool = Pool(Line("ab"), most=2)
    hire(pool, 1)
    give(pool, 1, "a")
    pool.is_stopping = True

    assert pool.next_move() == Wait()
    pool.attempted_by(1)
    assert pool.next_move() == End()


class AnyRun(RuleBasedStateMachine):
    """Whatever workers do: each message is given out once (twice after a polite end), and the run
    never has more workers than allowed nor gives to one that is busy."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 3
        self.total = 12
        self.pool = Pool(Line(map(str, range(self.total))), self.most)
        self.idle: set[int] = set()
        self.busy: dict[int, str] = {}
        self.given: dict[str, int] = {}
        self.next_pid = 1

    @rule()
    def move(self) -> None:
        match self.pool.next_move():
            case Hire():
                self.pool.hired(self.next_pid)
                self.idle.add(self.next_pid)
                self.next_pid += 1
            case Give(pid, id):
                assert pid in self.idle
                self.pool.gave(pid, id)
                self.idle.remove(pid)
                self.busy[pid] = id
                self.given[id] = self.given.get(id, 0) + 1
            case Wait():
                assert self.busy
            case End():
                assert not self.busy
                assert self.pool.is_failing or len(self.given) == self.total

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def attempt(self, data: st.DataObject) -> None:
        pid = data.draw(st.sampled_from(sorted(self.busy)))
        del self.busy[pid]
        self.idle.add(pid)
        self.pool.attempted_by(pid)

    @precondition(lambda self: self.busy or self.idle)
    @rule(data=st.data(), in_order=st.booleans())
    def die(self, data: st.DataObject, in_order: bool) -> None:
        pid = data.draw(st.sampled_from(sorted(self.busy.keys() | self.idle)))
        self.busy.pop(pid, None)
        self.idle.discard(pid)
        self.pool.gone(pid, in_order=in_order)

    @invariant()
    def bounds_hold(self) -> None:
        assert len(self.busy) + len(self.idle) <= self.most
        assert all(count <= 2 for count in self.given.values())


AnyRun.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestAnyRun = AnyRun.TestCase
