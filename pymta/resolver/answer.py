"""What a question to the DNS comes to.

Four things that mail must tell apart, because each means something else for a message:

    Found           records of the kind that was asked for
    Nothing         the name exists and has none of that kind
    NoSuchDomain    the name does not exist: a permanent failure
    Failed          nobody knows: server failure, time-out, rubbish; ask again later

Names in records were written by strangers.  What stands here has been checked to be a host name,
in lower case and without the dot at its end.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from pymta.dataclass import dataclass

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Mx:
    """An MX record (RFC 5321 s5.1).  `target` is "" for the null MX (RFC 7505 s3)."""

    preference: int
    target: str


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """At least one record, in the order of the answer.

    `is_secure`: a validating resolver that we believe says that all of it was signed, aliases
    included (the AD bit, RFC 4035 s3.2.3).  `name` is what the name asked for is an alias of, ""
    where it is none.
    """

    records: tuple[R, ...]
    is_secure: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The name exists, the record does not."""


@dataclass(frozen=True, slots=True)
class NoSuchDomain:
    """NXDOMAIN, of the name or of what it is an alias for."""


@dataclass(frozen=True, slots=True)
class Failed:
    """`why` is for the log; none of it was written by a stranger."""

    why: str


Answer = Found[R] | Nothing | NoSuchDomain | Failed
