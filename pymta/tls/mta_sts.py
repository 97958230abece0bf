"""What a domain says of the hosts that take its mail, in a file on a web server (RFC 8461).

    version: STSv1
    mode: enforce
    mx: mail.example.com
    mx: *.example.net
    max_age: 604800

A TXT record at ``_mta-sts.example.com`` says that there is one, and by its `id` whether it is still
the one that we know: ``v=STSv1; id=20261127T0000;``.  Both are strangers' texts: what is not as it
should be is no policy, and what nobody knows yet is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from pymta.dataclass import dataclass
from pymta.mail.domain import key_of_domain

VERSION = "STSv1"
LARGEST = 65_536  # octets of a policy (s3.3)
LONGEST_AGE = 31_557_600  # seconds; a year (s3.2)
MOST_PATTERNS = 100

_FIELD = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([!-:<>-~]+)")
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_AGE = re.compile(r"[0-9]{1,10}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class Mode(Enum):
    NONE = "none"
    TESTING = "testing"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Policy:
    """`mx` are patterns in small letters, ``*.example.net`` for one label more; `max_age` is in
    seconds.
    """

    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def covers(self, host: str) -> bool:
        """s4.1: is this a host that the domain wants to be sent to?"""
        name = key_of_domain(host.removesuffix("."))
        return name in self.mx or f"*.{name.partition('.')[2]}" in self.mx

    @property
    def text(self) -> str:
        """It reads back as the same."""
        lines = (
            f"version: {VERSION}",
            f"mode: {self.mode.value}",
            *(f"mx: {mx}" for mx in self.mx),
        )
        return "\r\n".join((*lines, f"max_age: {self.max_age}", ""))


def policy_id(texts: Iterable[str]) -> str:
    """Of the TXT records of ``_mta-sts.…``; "" where they say that there is no policy (s3.1)."""
    found = [text for text in texts if re.match(rf"v={VERSION}[ \t]*;", text)]
    return _id(found[0]) if len(found) == 1 else ""


def _id(text: str) -> str:
    _, *fields = (part.strip(" \t") for part in text.split(";"))
    if fields and not fields[-1]:  # the delimiter at the end
        fields.pop()
    pairs = [_FIELD.fullmatch(field) for field in fields]
    if not all(pairs):
        return ""
    known = {pair[1]: pair[2] for pair in reversed(pairs) if pair}  # the first of its name counts
    value = known.get("id", "")
    return value if _ID.fullmatch(value) else ""


def parse_policy(text: str) -> Policy:
    """Raises ValueError that says why it is none; nothing in that was written by a stranger."""
    values: dict[str, str] = {}
    patterns: dict[str, None] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip(" \t"):
            continue
        key, colon, rest = line.partition(":")
        key, value = key.rstrip(" \t"), rest.strip(" \t")
        if not (colon and _KEY.fullmatch(key) and value):
            raise ValueError("a line of it is no field")
        if key == "mx":
            patterns[_pattern(value)] = None
        else:
            values.setdefault(key, value)  # the first counts (s3.2)
    return _policy(values, tuple(patterns))


def _policy(values: dict[str, str], patterns: tuple[str, ...]) -> Policy:
    if values.get("version") != VERSION:
        raise ValueError(f"it has no version {VERSION}")
    try:
        mode = Mode(values.get("mode", ""))
    except ValueError:
        raise ValueError("it has no mode that we know") from None
    age = values.get("max_age", "")
    if not _AGE.fullmatch(age):
        raise ValueError("it has no max_age")
    if not patterns and mode is not Mode.NONE:
        raise ValueError("it names no mx")
    if len(patterns) > MOST_PATTERNS:
        raise ValueError("it names too many mx")
    return Policy(mode, patterns, min(int(age), LONGEST_AGE))


def _pattern(value: str) -> str:
    name = value.lower().removesuffix(".")
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("an mx of it is no name")
    return name
