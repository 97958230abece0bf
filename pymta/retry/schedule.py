"""When is a message, or a host, tried again after a failure that may pass?

The rules are those of the classic daemon.  The time since the first failure says which rule is in
force: the first whose cutoff has not passed.  F waits its interval; G waits its first interval
at the start of its reign and longer by its factor each time.  Past the last cutoff the answer is
None: give up.

How far a G rule has grown follows from the time since the first failure alone, as if every try had
come on time.  So nothing has to be remembered but two moments, and tries that somebody forced in
between do not lengthen the wait.  The classic guard stands beside it: a wait is never longer than
the factor times the wait before, so that a host which could not be tried for a day, because we
were down, is not left alone for the next one.

H waits between its first interval and the wait that G would have, at random, so that a host which
is back is not asked by all who wait for it in one moment.  The chance is drawn from the times
themselves: who knows those can foretell it.

The first try after the last cutoff is made: a message is given up when a try fails late enough,
not while it lies in the queue.
"""

from __future__ import annotations

from hashlib import blake2b

from pymta.config.retry_rules import Rule, parse_rules
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    rules: tuple[Rule, ...]

    @property
    def longest(self) -> float:
        """Seconds: no wait is longer."""
        # The last one that is due while its rule is in force is not longer than that rule.
        return max((rule.cutoff * rule.factor for rule in self.rules), default=0.0)

    def next_try(self, first_failed: float, last_tried: float, now: float) -> float | None:
        """When to try again after the failure at `now`; None: give up.

        All are seconds since the epoch.  `last_tried` is the try before this one; `now` or later
        says that there was none, or that nobody knows.
        """
        elapsed = max(now - first_failed, 0.0)  # the clock may have been set back
        began = 0
        for rule in self.rules:
            if elapsed <= rule.cutoff:
                wait = _wait(rule, elapsed - began, now - last_tried)
                if rule.is_random:
                    wait = rule.interval + (wait - rule.interval) * _chance(first_failed, now)
                return now + wait
            began = rule.cutoff
        return None


def parse_schedule(rules: tuple[str, ...]) -> Schedule:
    """The schedule that the setting `retry` describes.  ValueError says what is wrong with it."""
    return Schedule(parse_rules(rules))


def _chance(*times: float) -> float:
    """From 0 to below 1, as evenly as dice; always the same for the same times."""
    digest = blake2b(repr(times).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def _wait(rule: Rule, reign: float, last_wait: float) -> float:
    """Seconds to wait under a rule that has been in force for `reign` seconds."""
    if rule.factor == 1:
        return rule.interval
    wait, due = float(rule.interval), float(rule.interval)
    while due <= reign:  # ends: the cutoff bounds reign, and a wait is at least a second
        wait *= rule.factor
        due += wait
    if last_wait > 0:
        return min(wait, max(rule.interval, last_wait * rule.factor))
    return wait
