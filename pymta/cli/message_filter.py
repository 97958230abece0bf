"""Which messages of the queue are meant: by sender, recipient, host, age, size and state.

A message fits when everything that was asked for holds.  Recipients are those who still wait.

    --age 2d      two days or older             --age "<1h"    younger than an hour
    --size 10M    so many bytes or more         --size "<4K"   fewer
    --host TEXT   a host with this text in its name or address put somebody off last
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pymta.config.duration import parse_duration
from pymta.config.units import parse_size
from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain
from pymta.queue.due import Finder, finder
from pymta.report.failure import parse_failure
from pymta.spool.recipients import NO_FURTHER
from pymta.spool.store import Glance, Message, glance_of

NULL = "<>"  # as a --sender: the null sender alone


@dataclass(frozen=True, slots=True)
class Bound:
    """`most`: fewer than `number`; else so many, or more."""

    number: int
    most: bool = False

    def holds(self, number: float) -> bool:
        return number < self.number if self.most else number >= self.number


@dataclass(frozen=True, slots=True)
class Filter:
    """Texts are "" where nothing was asked for; `queue` is None then, "" is the default queue.

    Age in seconds, size in bytes.
    """

    sender: str = ""
    recipient: str = ""
    are_patterns: bool = False
    domain: str = ""
    host: str = ""
    age: Bound | None = None
    size: Bound | None = None
    frozen: bool = False
    held: bool = False
    queue: str | None = None

    @property
    def takes_all(self) -> bool:
        return self == Filter(queue=self.queue, are_patterns=self.are_patterns)


def parse_age(text: str) -> Bound:
    """Raises ValueError."""
    return _bound(text, parse_duration)


def parse_bytes(text: str) -> Bound:
    """Raises ValueError."""
    return _bound(text, parse_size)


def fits(which: Filter) -> Callable[[Message, float], bool]:
    """The question whether a message is meant, at a time in seconds since the epoch.

    Raises re.error for a text that is no pattern.
    """
    may_fit = fits_at_a_glance(which)
    host = which.host.lower()

    def answer(message: Message, now: float) -> bool:
        return may_fit(glance_of(message), now) and (
            not host or any(host in there for there in _hosts(message))
        )

    return answer


def fits_at_a_glance(which: Filter) -> Callable[[Glance, float], bool]:
    """The same, but for the host."""
    is_sender = _sender(which)
    is_recipient = finder(which.recipient, is_pattern=which.are_patterns)
    domain = key_of_domain(which.domain)

    def answer(message: Glance, now: float) -> bool:
        return (
            (which.queue is None or message.queue == which.queue)
            and (not which.frozen or bool(message.frozen))
            and (not which.held or bool(message.held))
            and (which.age is None or which.age.holds(now - message.received_at))
            and (which.size is None or which.size.holds(message.size))
            and (not which.sender or is_sender(message.sender))
            and (not which.recipient or any(map(is_recipient, _waiting(message))))
            and (not domain or any(_domain(who) == domain for who in _waiting(message)))
        )

    return answer


def _waiting(message: Glance) -> list[str]:
    """The addresses of those who still wait."""
    return [who.removeprefix(NO_FURTHER) for who, waits in message.recipients if waits]


def _bound(text: str, parse: Callable[[str], int]) -> Bound:
    is_most = text.startswith("<")
    return Bound(parse(text.removeprefix("<" if is_most else ">").strip()), is_most)


def _sender(which: Filter) -> Finder:
    if which.sender == NULL:
        return lambda address: not address
    return finder(which.sender, is_pattern=which.are_patterns)


def _domain(address: str) -> str:
    return key_of_domain(address.rpartition("@")[2])


def _hosts(message: Message) -> list[str]:
    """Who put those off who still wait, in small letters."""
    why = dict(message.state.why)
    said = (why[n] for n in message.state.pending if n in why)
    return [parse_failure(f"4.0.0 {text}").host.lower() for text in said]


def check_pattern(text: str) -> None:
    """Raises ValueError that says what is wrong with it."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
