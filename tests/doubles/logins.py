"""Back ends that know what a test says."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pymta.sasl.exchange import Challenge, Failure, Fault, Link, Step, Success
from pymta.sasl.plain import Passwords


@dataclass
class MemoryAccounts:
    """Passwords by name; `asked` are the names that somebody tried, and over what.

    `is_away`: it cannot be asked.
    """

    passwords: dict[str, str] = field(default_factory=lambda: {"alice": "wonder land"})
    asked: list[tuple[str, Link]] = field(default_factory=list)
    is_away: bool = False

    def knows_passwords(self) -> bool:
        return True

    def check(self, name: str, password: str, link: Link) -> Success | Failure:
        self.asked.append((name, link))
        if self.is_away:
            return Failure(Fault.TEMPORARY, "nobody there", name)
        if self.passwords.get(name) == password:
            return Success(name)
        return Failure(Fault.REJECTED, "wrong password", name)


def accounts() -> Passwords:
    return Passwords([MemoryAccounts()])


@dataclass
class Played:
    """One mechanism, PLAYED, that says what a test says; `closed` counts the ends."""

    steps: Sequence[Step] | Callable[[], Step] = ()
    heard: list[bytes | None] = field(default_factory=list)
    closed: int = 0

    def mechanisms(self, link: Link) -> tuple[str, ...]:
        return ("PLAYED",)

    def begin(self, mechanism: str, link: Link) -> Played:
        return self

    def step(self, response: bytes | None) -> Step:
        self.heard.append(response)
        if callable(self.steps):
            return self.steps()
        return self.steps[len(self.heard) - 1] if self.steps else Challenge()

    def close(self) -> None:
        self.closed += 1


def plain(name: str = "alice", password: str = "wonder land", wanted: str = "") -> str:
    """A message of PLAIN as it stands on the line."""
    return word(f"{wanted}\0{name}\0{password}")


def word(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()
