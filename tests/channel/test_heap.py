"""What runs in a session is brought together before the first fork."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType

from pymta.channel import heap


class Shop:
    """Some functions of the kinds that there are."""

    def __init__(self) -> None:
        self.sold: list[str] = []
        self.on_sale = self.make_price(2)

    @property
    def count(self) -> int:
        return len(self.sold)

    def make_price(self, factor: int) -> Callable[[str], int]:
        return lambda ware: len(ware) * factor

    def sell(self, *wares: str) -> int:
        self.sold.extend(ware.upper() for ware in wares)
        return sum(map(self.on_sale, wares))

    def close(self) -> None:
        self.sold.clear()


def codes() -> tuple[CodeType, ...]:
    return Shop.sell.__code__, Shop.__init__.__code__, Shop.make_price.__code__


def test_what_has_run_is_copied_and_does_what_it_did() -> None:
    shop, before, rounds = Shop(), codes(), []

    def rehearse(times: int) -> None:
        rounds.append(times)
        for _ in range(times):
            Shop().sell("nail", "board")

    heap.gather(rehearse, 3)

    assert rounds == [1, 3]
    assert not {id(code) for code in codes()} & {id(code) for code in before}
    assert codes() == before
    assert shop.sell("nail", "board") == 18
    assert shop.sold == ["NAIL", "BOARD"]


def test_functions_made_before_have_the_same_code_as_those_made_later() -> None:
    before = Shop()

    heap.gather(lambda _: Shop().sell("nail"), 1)

    assert before.on_sale.__code__ is Shop().on_sale.__code__


def test_what_has_not_run_is_left_alone() -> None:
    before = Shop.close.__code__

    heap.gather(lambda _: Shop().sell("nail"), 1)

    assert Shop.close.__code__ is before
