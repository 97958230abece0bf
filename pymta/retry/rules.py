"""Which schedule is for this trouble?

The lines of `retry_rules` in their order, then `retry`.  A line fits when its pattern is for the
recipient, or for the host that was asked, and its cause and its senders fit as well.  So host and
recipient are looked for in one pass, as with the classic daemon: a line for ``*`` in front hides
whatever is behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pymta.config.retry_table import Pattern, RetryLine, parse_line
from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain
from pymta.mail.trouble import Trouble, is_of
from pymta.retry.schedule import Schedule, parse_schedule

DEFAULT = "retry"  # the words for the schedule that is for all


@dataclass(frozen=True, slots=True)
class Found:
    """`words` say to the operator where it stands."""

    schedule: Schedule
    words: str = DEFAULT


class Rules:
    """All that the settings say of when to try again."""

    def __init__(self, lines: Iterable[RetryLine], default: Schedule) -> None:
        self._lines = tuple(lines)
        self._default = Found(default)

    def find(self, trouble: Trouble) -> Found:
        for number, line in enumerate(self._lines, 1):
            if _fits(line, trouble):
                return Found(Schedule(line.rules), f'retry_rules {number} "{line.text}"')
        return self._default

    def next_try(
        self, trouble: Trouble, first_failed: float, last_tried: float, now: float
    ) -> float | None:
        """As `Schedule.next_try`, by the schedule that is for this trouble."""
        return self.find(trouble).schedule.next_try(first_failed, last_tried, now)

    @property
    def longest(self) -> float:
        """Seconds: no schedule has anybody wait for longer."""
        some = (Schedule(line.rules).longest for line in self._lines)
        return max((self._default.schedule.longest, *some))

    def words(self, trouble: Trouble) -> str:
        """Where that schedule stands in the settings."""
        return self.find(trouble).words

    def cutoff(self, trouble: Trouble) -> float:
        """Seconds after the first failure when a try that fails is the last."""
        rules = self.find(trouble).schedule.rules
        return float(rules[-1].cutoff) if rules else 0.0


def parse_retry(lines: Iterable[str], default: tuple[str, ...]) -> Rules:
    """From the settings `retry_rules` and `retry`.  Raises ValueError."""
    return Rules(map(parse_line, lines), parse_schedule(default))


def _fits(line: RetryLine, trouble: Trouble) -> bool:
    return (
        is_of(trouble.cause, line.cause)
        and _is_for(line.pattern, trouble)
        and (not line.senders or any(_is_from(s, trouble.sender) for s in line.senders))
    )


def _is_for(pattern: Pattern, trouble: Trouble) -> bool:
    host = trouble.host
    if pattern.network:
        return host is not None and host.address in pattern.network
    if not pattern.domain:
        return True
    local, _, domain = trouble.recipient.rpartition("@")
    if pattern.is_address:
        is_local_part = pattern.local_part in {"", local.lower()}
        return is_local_part and key_of_domain(domain) == pattern.domain
    names = (domain, host.name) if host else (domain,)
    return any(_is_in(key_of_domain(name), pattern) for name in names)


def _is_in(name: str, pattern: Pattern) -> bool:
    if pattern.is_below:
        return name.endswith(f".{pattern.domain}")
    return name == pattern.domain


def _is_from(wanted: str, sender: str) -> bool:
    if "@" in wanted or not wanted:
        return sender.lower() == wanted
    return sender.rpartition("@")[2].lower() == wanted
