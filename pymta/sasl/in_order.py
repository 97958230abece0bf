"""Several back ends as one: a mechanism is served by the first of them that offers it.

So a user whom the first does not know is not looked for in the second.  Passwords, where that is
wanted, are asked for in order by `pymta.sasl.plain`, one after another, known or not.
"""

from __future__ import annotations

from collections.abc import Sequence

from pymta.sasl.exchange import BackEnd, Exchange, Failure, Fault, Link, Step


class InOrder:
    """A `BackEnd`."""

    def __init__(self, back_ends: Sequence[BackEnd] = ()) -> None:
        self._back_ends = tuple(back_ends)

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        offered = (name for one in self._back_ends for name in one.mechanisms(link))
        return tuple(dict.fromkeys(offered))

    def begin(self, mechanism: str, link: Link) -> Exchange:
        for one in self._back_ends:
            if mechanism in one.mechanisms(link):
                return one.begin(mechanism, link)
        return Refusal(Failure(Fault.TEMPORARY, f"nobody serves {mechanism} any more"))


class Refusal:
    """An `Exchange` whose end is known from the start."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure

    def step(self, response: bytes | None) -> Step:  # noqa: ARG002 - an Exchange
        return self._failure

    def close(self) -> None:
        pass


class Only:
    """A `BackEnd`: of another one those mechanisms that the settings allow."""

    def __init__(self, back_end: BackEnd, allowed: Sequence[str]) -> None:
        self._back_end = back_end
        self._allowed = frozenset(allowed)

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return tuple(name for name in self._back_end.mechanisms(link) if name in self._allowed)

    def begin(self, mechanism: str, link: Link) -> Exchange:
        return self._back_end.begin(mechanism, link)
