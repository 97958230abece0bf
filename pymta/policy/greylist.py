"""Greylisting: who comes for the first time is asked to come again, which most who spam do not.

First sight starts a clock.  Who comes again before `delay` waits on; who comes after it, and before
`within`, passes, and passes from then on as long as he is heard of.  Who comes back later than
that begins anew.
"""

from __future__ import annotations

from pymta.config.client_memory import Greylist
from pymta.hints.clients import Sighting


def seen(before: Sighting | None, now: float, rules: Greylist) -> Sighting:
    """What is to be remembered; `passes` has grown if he passes."""
    if before is None or _is_too_late(before, now, rules):
        return Sighting(now, now)
    passes = before.passes + 1 if now - before.first >= rules.delay else before.passes
    return Sighting(before.first, now, passes)


def may_pass(after: Sighting, rules: Greylist) -> bool:
    """`after` is what `seen` gave.  Without a delay the first sight is good enough."""
    return after.passes > 0 or rules.delay <= 0


def seconds_left(after: Sighting, rules: Greylist) -> float:
    return max(0.0, after.first + rules.delay - after.last)


def _is_too_late(before: Sighting, now: float, rules: Greylist) -> bool:
    return not before.passes and now - before.first > rules.within
