"""Our frozen dataclasses behave as those of the standard library; only making them is cheaper."""

from __future__ import annotations

import copy
import dataclasses
import gc
import inspect
import pickle
import re
import weakref
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.dataclass import dataclass as ours
from tests.doubles.peers import CHECKOUT

Make = Callable[..., Any]
BOTH = [pytest.param(dataclasses.dataclass, id="stdlib"), pytest.param(ours, id="ours")]


@ours(frozen=True, slots=True)
class Pair:
    left: int
    right: str = "r"


def pair(make: Make) -> Any:
    @make(frozen=True, slots=True)
    class Pair:
        left: Any
        right: Any = "r"

    return Pair


@pytest.mark.parametrize("make", BOTH)
class TestBoth:
    def test_values_come_in_order_by_name_or_by_default(self, make: Make) -> None:
        new = pair(make)
        assert [(one.left, one.right) for one in (new(1), new(1, "x"), new(right=2, left=1))] == [
            (1, "r"),
            (1, "x"),
            (1, 2),
        ]
        for wrong in ((), (1, 2, 3)):
            with pytest.raises(TypeError, match=r"__init__\(\)"):
                new(*wrong)
        assert str(inspect.signature(new.__init__)).startswith("(self, left: 'Any', right: 'Any'")

    def test_nothing_changes_once_it_is_made(self, make: Make) -> None:
        one = pair(make)(1)
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'left'"):
            one.left = 2
        with pytest.raises(FrozenInstanceError, match="cannot delete field 'left'"):
            del one.left
        with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
            one.other = 2
        assert not hasattr(one, "__dict__")

    def test_it_says_what_it_holds_also_when_it_holds_itself(self, make: Make) -> None:
        new = pair(make)
        name = new.__qualname__
        assert repr(new(1)) == f"{name}(left=1, right='r')"
        loop: list[Any] = []
        loop.append(new(1, loop))
        assert repr(loop[0]) == f"{name}(left=1, right=[...])"

    def test_it_is_changed_by_making_another(self, make: Make) -> None:
        one = pair(make)(1)
        assert replace(one, left=2) == type(one)(2)
        assert asdict(one) == {"left": 1, "right": "r"}
        assert copy.copy(one) == copy.deepcopy(one) == one
        match one:
            case object(left=1, right="r"):
                pass
            case _:
                pytest.fail("does not match by name")
        assert pair(make).__match_args__ == ("left", "right")

    def test_fields_can_be_left_out_of_what_is_made_shown_and_compared(self, make: Make) -> None:
        @make(frozen=True, slots=True)
        class Odd:
            shown: int = field(default=1, compare=False)
            hidden: int = field(default=2, repr=False)
            unhashed: list[int] = field(default_factory=list, hash=False)
            named: int = field(default=3, kw_only=True)
            fixed: int = field(default=4, init=False)
            made: tuple[int, ...] = field(default_factory=tuple, init=False)

        new: Any = Odd
        one = new(9)
        assert one == new(8)
        assert one != new(9, 9)
        assert one != new(named=4)
        assert hash(one) == hash(new(unhashed=[1]))
        assert one.unhashed is not new().unhashed
        assert repr(one).endswith("Odd(shown=9, unhashed=[], named=3, fixed=4, made=())")
        with pytest.raises(TypeError):
            new(1, 2, [], 3)
        with pytest.raises(TypeError):
            new(fixed=1)

    def test_what_a_class_says_itself_stands(self, make: Make) -> None:
        @make(frozen=True, slots=True)
        class Own:
            value: str

            def __post_init__(self) -> None:
                object.__setattr__(self, "value", self.value.lower())

            def __repr__(self) -> str:
                return "mine"

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 7

        own: Any = Own
        assert (repr(own("A")), hash(own("A")), own("A").value) == ("mine", 7, "a")
        assert own("A") == 3

    def test_it_has_what_its_base_has(self, make: Make) -> None:
        @make(frozen=True, slots=True)
        class Base:
            first: int
            second: int = 2

        @make(frozen=True, slots=True)
        class More(Base):
            third: int = 3

        base: Any = Base
        more: Any = More
        assert repr(more(1)).endswith("More(first=1, second=2, third=3)")
        assert more(1, 2, 3) == replace(more(0), first=1)
        assert more(1) != base(1)
        assert [one.name for one in fields(more)] == ["first", "second", "third"]
        with pytest.raises(FrozenInstanceError):
            more(1).first = 2
        with pytest.raises(TypeError, match="cannot inherit non-frozen"):
            dataclasses.dataclass(type("Soft", (base,), {"__annotations__": {"x": "int"}}))

    def test_one_without_fields_is_equal_to_its_like(self, make: Make) -> None:
        @make(frozen=True, slots=True)
        class Nothing:
            pass

        assert Nothing() == Nothing()
        assert len({Nothing(), Nothing()}) == 1


def test_a_class_below_may_have_attributes_of_its_own() -> None:
    class Below(Pair):
        pass

    below: Any = Below
    one = below(1)
    one.more = 2
    del one.more
    with pytest.raises(FrozenInstanceError):
        one.left = 3
    with pytest.raises(FrozenInstanceError):
        del one.left
    assert one.left == 1


@pytest.mark.parametrize("make", BOTH)
def test_an_attribute_of_the_class_is_no_field(make: Make) -> None:
    @make(frozen=True, slots=True)
    class Counted:
        left: int
        most: ClassVar[int] = 3

    counted: Any = Counted
    assert [one.name for one in fields(counted)] == ["left"]
    assert counted(1).most == 3


@pytest.mark.parametrize("make", BOTH)
def test_a_field_without_a_default_stands_before_those_with_one(make: Make) -> None:
    with pytest.raises(TypeError, match=r"without a default|non-default"):

        @make(frozen=True, slots=True)
        class Wrong:
            left: int = 1
            right: int


def test_the_class_that_had_no_slots_yet_is_gone() -> None:
    former = []

    def remember(cls: type) -> type:
        former.append(weakref.ref(cls))
        return cls

    made: Any = ours(frozen=True, slots=True)(remember(type("One", (), {"__annotations__": {}})))
    gc.collect()
    assert former[0]() is None
    assert made() == made()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=2, max_size=2))
def test_equal_and_hashed_as_those_of_the_standard_library(
    values: list[tuple[int, str]],
) -> None:
    theirs, mine = (
        [new(*value) for value in values] for new in map(pair, (dataclasses.dataclass, ours))
    )
    assert (theirs[0] == theirs[1]) == (mine[0] == mine[1])
    assert [hash(one) for one in theirs] == [hash(one) for one in mine]
    assert mine[0] != theirs[0]


def test_it_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Pair(1, "x"))) == Pair(1, "x")


def test_all_others_are_made_by_the_standard_library() -> None:
    @ours(slots=True)
    class Soft:
        value: int

    one = Soft(1)
    one.value = 2
    assert one == Soft(2)


def test_frozen_ones_of_pymta_are_made_the_cheap_way() -> None:
    frozen = re.compile(r"^@dataclass\(frozen=True, slots=True\)$", re.MULTILINE)
    dear = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    found = [path for path in CHECKOUT.glob("pymta/**/*.py") if path.name != "dataclass.py"]
    texts: dict[Path, str] = {path: path.read_text() for path in found}
    assert [path for path, text in texts.items() if frozen.search(text) and dear.search(text)] == []
