"""Several back ends serve as one."""

from __future__ import annotations

from dataclasses import dataclass

from pymta.sasl.exchange import Exchange, Failure, Fault, Link, Step, Success
from pymta.sasl.in_order import InOrder, Only

LINK = Link()


@dataclass
class Named:
    """A back end and an exchange at once: everybody is who the back end is."""

    name: str
    offers: tuple[str, ...]

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return self.offers

    def begin(self, mechanism: str, link: Link) -> Exchange:
        return self

    def step(self, response: bytes | None) -> Step:
        return Success(self.name)

    def close(self) -> None:
        pass


def test_every_mechanism_is_offered_once_in_the_order_of_the_back_ends() -> None:
    both = InOrder([Named("a", ("SCRAM-SHA-256", "PLAIN")), Named("b", ("PLAIN", "LOGIN"))])
    assert both.mechanisms(LINK) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")


def test_the_first_that_offers_a_mechanism_serves_it() -> None:
    both = InOrder([Named("a", ("SCRAM-SHA-256", "PLAIN")), Named("b", ("PLAIN", "LOGIN"))])
    assert both.begin("PLAIN", LINK).step(b"") == Success("a")
    assert both.begin("LOGIN", LINK).step(b"") == Success("b")


def test_a_mechanism_that_went_away_since_it_was_offered_fails_for_now() -> None:
    gone = InOrder([Named("a", ())])
    answer = gone.begin("PLAIN", LINK).step(b"")
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.TEMPORARY


def test_only_what_the_settings_allow_is_offered() -> None:
    some = Only(Named("a", ("SCRAM-SHA-256", "PLAIN", "LOGIN")), ("LOGIN", "PLAIN", "OTHER"))
    assert some.mechanisms(LINK) == ("PLAIN", "LOGIN")
    assert some.begin("PLAIN", LINK).step(b"") == Success("a")
