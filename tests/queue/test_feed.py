"""Which message a run takes next, when it knows for which hosts some of them wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from pymta.hints.waits import LONGEST_UNOPENED, HostWait
from pymta.mail.waiting import GO, Answer, Crowded, TooFast, Wait
from pymta.queue.feed import MOST_IN_A_ROW, Feed, Group
from pymta.queue.known import Known
from pymta.spool.store import Waiting

DOWN = Wait(900.0, (TooFast(900.0, "x", "1/1h"),))
FULL = Wait(60.0, (Crowded(60.0, "x", 1),))


@dataclass
class Hosts:
    """`says` is what is answered of a destination; GO where it has nothing."""

    says: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, group: Group, _after: str) -> Answer:
        self.asked.append(group.destination)
        return self.says.get(group.destination, GO)


def feed(ids: str, hosts: Hosts, *, most: int = 2, **members: str) -> Feed:
    """`members` are the ids of each group, a letter each."""
    groups: dict[str, Group] = {}
    for name, letters in members.items():
        group = Group(name, (f"mx.{name}",), most)
        groups |= dict.fromkeys(letters, group)
    return Feed(ids, groups, hosts)


def take_all(feed: Feed, n: int) -> list[str]:
    return [feed.take() for _ in range(n)]


def test_messages_without_a_hint_go_in_their_order() -> None:
    assert take_all(feed("abc", Hosts()), 4) == ["a", "b", "c", ""]


def test_messages_for_hosts_that_are_left_alone_are_not_opened() -> None:
    hosts = Hosts({"x": DOWN})
    run = feed("axbxcxx".replace("x", "") + "123", hosts, x="123")
    assert take_all(run, 4) == ["a", "b", "c", ""]
    assert run.left == 3
    assert hosts.asked == ["x"]


def test_one_goes_first_and_when_it_fails_the_rest_is_left() -> None:
    hosts = Hosts()
    run = feed("1a23b4", hosts, x="1234")
    assert take_all(run, 4) == ["1", "a", "b", ""]
    hosts.says["x"] = DOWN
    run.ended("1")
    assert run.take("1") == ""
    assert run.left == 3


def test_when_the_first_one_went_through_the_rest_follows_it_at_the_same_worker() -> None:
    run = feed("1a23b4", Hosts(), x="1234")
    assert take_all(run, 2) == ["1", "a"]
    run.ended("1")
    assert run.take("1") == "2"
    run.ended("2")
    assert run.take("2") == "3"


def test_no_more_workers_are_at_one_destination_than_may_be() -> None:
    run = feed("123456a", Hosts(), x="123456")
    assert run.take() == "1"
    run.ended("1")
    assert [run.take("1"), run.take()] == ["2", "3"]
    assert take_all(run, 2) == ["a", ""]
    run.ended("2")
    assert run.take("2") == "4"


def test_after_many_in_a_row_it_is_the_turn_of_others() -> None:
    letters = "".join(chr(0x4E00 + n) for n in range(MOST_IN_A_ROW + 5))
    run = feed(letters + "a", Hosts(), most=1, x=letters)
    last = run.take()
    for _ in range(MOST_IN_A_ROW - 1):
        run.ended(last)
        last = run.take(last)
        assert last in letters
    assert run.take() == "a"


def test_a_destination_that_others_fill_is_not_given_up_while_one_of_ours_is_there() -> None:
    hosts = Hosts()
    run = feed("1234", hosts, x="1234")
    assert run.take() == "1"
    run.ended("1")
    assert [run.take("1"), run.take()] == ["2", "3"]
    hosts.says["x"] = FULL
    run.ended("2")
    assert run.take("2") == "4"
    run.ended("3")
    run.ended("4")
    assert run.left == 0


def test_one_that_hangs_delays_nobody_else() -> None:
    run = feed("1x2y3z", Hosts(), slow="123")
    assert take_all(run, 5) == ["1", "x", "y", "z", ""]


@given(
    st.lists(st.sampled_from("_abc"), max_size=60),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([GO, DOWN, FULL])),
    st.integers(1, 4),
    st.randoms(),
)
def test_every_message_is_tried_once_unless_its_hosts_are_left_alone(
    places: list[str], says: dict[str, Answer], workers: int, dice: object
) -> None:
    ids = [f"{n}{place}" for n, place in enumerate(places)]
    groups = {name: Group(name, (name,), 2) for name in "abc"}
    of = {id: groups[id[-1]] for id in ids if id[-1] != "_"}
    run = Feed(ids, of, Hosts(says))
    at_work: list[str] = []
    tried: list[str] = []
    last = ""
    while True:
        id = run.take(last) if len(at_work) < workers else ""
        last = ""
        if id:
            at_work.append(id)
        elif at_work:
            last = at_work.pop(dice.randrange(len(at_work)))  # type: ignore[attr-defined]
            tried.append(last)
            run.ended(last)
        else:
            break
    shut = [id for id in ids if id in of and not isinstance(says.get(id[-1], GO), type(GO))]
    assert sorted(tried + shut) == sorted(ids)
    assert run.left == len(shut)


def wait(id: str, *, due: float = 100.0, wake: float = 1e9, to: str = "x") -> HostWait:
    return HostWait(id, to, ("mx",), due, wake)


def known(hints: Iterable[HostWait], listing: Iterable[Waiting]) -> dict[str, str]:
    made = Known(hints, lambda _: 2)
    listing = list(listing)
    assert list(made.seen(listing, 500.0, 500.0)) == listing
    return {id: group.destination for id, group in made.groups.items()}


def test_hints_are_believed_only_where_they_fit_the_spool() -> None:
    hints = [
        wait("a"),
        wait("b", to="y"),
        wait("c", due=90.0),  # something was recorded since
        wait("d", wake=400.0),  # its time is up
        wait("dd", due=500.0 - LONGEST_UNOPENED),  # it has waited for its hosts long enough
        wait("e", due=600.0),
        wait("gone"),
        wait("z"),
    ]
    listing = [Waiting(id, 100.0, is_first=False) for id in ("0", "a", "b", "c", "d", "k", "z")]
    listing.insert(5, Waiting("dd", 500.0 - LONGEST_UNOPENED, is_first=False))
    listing.insert(6, Waiting("e", 600.0, is_first=False))  # not due
    assert known(hints, listing) == {"a": "x", "b": "y", "z": "x"}
