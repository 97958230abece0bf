"""Who is asked for verdicts, and in which order.

A judge is a function from facts to a ruling; one that has no opinion gives `NO_OPINION`, and the
next is asked.  What it must look up, it looks up through what it was made with: a judge belongs to
one connection, so that nothing of one client is ever seen by the next (CL-02).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from pymta.policy.facts import Facts
from pymta.policy.verdict import NO_OPINION, Pass, Ruling


class Judge(Protocol):
    def __call__(self, facts: Facts, /) -> Ruling: ...


def first_opinion(judges: Iterable[Judge], facts: Facts) -> Ruling:
    """The first opinion; delays add up."""
    delay = 0.0
    for judge in judges:
        ruling = judge(facts)
        delay += ruling.delay
        if not isinstance(ruling.verdict, Pass):
            return replace(ruling, delay=delay)
    return replace(NO_OPINION, delay=delay)
