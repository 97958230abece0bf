"""Whose turn is it?  At most so many deliveries at once, and few of them into one home.

A delivery whose account is asked for while an older one of the same account is still under way
after `HUNG_AFTER` is put off at once: its home hangs, and would only take another process, and a
delivery worker with it.  So a home that hangs costs what had begun by then and nothing later.
Commands have a limit of their own and are counted by themselves: as many of one account at once,
however many there are in the file.  Workers keep to that number by themselves
(`pymta.transport.throttle`): one that waits here delivers nothing else meanwhile.

Numbers that depend on each other: `LONGEST_WAIT` exceeds HUNG_AFTER, so that who waits behind a
hanging delivery hears so, and stays below `pymta.transport.to_local.TAKEN_WITHIN`; `MOST` exceeds
`deliver_max` many times, since a process that hangs is still there when its worker has given up,
and stays below TasksMax= of the unit, of which LimitNPROC= keeps every user a part.
"""

from __future__ import annotations

from dataclasses import replace

from pymta.dataclass import dataclass

MOST = 100  # processes at once
MOST_OF_ONE = 4  # of them for one account
HUNG_AFTER = 15.0  # seconds
LONGEST_WAIT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a process for this request."""

    request: int


@dataclass(frozen=True, slots=True)
class Refuse:
    request: int
    why: str


Move = Begin | Refuse


@dataclass(frozen=True, slots=True)
class _Errand:
    account: str
    since: float
    is_command: bool = False


class Rota:
    """Requests and processes by number; times in monotonic seconds."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Errand] = {}  # in the order in which they came
        self._running: dict[int, _Errand] = {}

    def __len__(self) -> int:
        """Deliveries under way."""
        return len(self._running)

    @property
    def waiting(self) -> tuple[int, ...]:
        return tuple(self._waiting)

    def asked(self, request: int, account: str, now: float, *, is_command: bool = False) -> None:
        """`is_command`: it has a limit of its own, and keeps no mail for the mailbox waiting."""
        self._waiting[request] = _Errand(account, now, is_command)

    def withdrawn(self, request: int) -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(request, None)

    def next_move(self, now: float) -> Move | None:
        for request, errand in self._waiting.items():
            if why := self._objection(errand, now):
                return Refuse(request, why)
            if len(self._running) < MOST and len(self._of(errand)) < MOST_OF_ONE:
                return Begin(request)
        return None

    def began(self, request: int, pid: int, now: float) -> None:
        self._running[pid] = replace(self._waiting.pop(request), since=now)

    def ended(self, pid: int, now: float) -> tuple[str, float] | None:
        """Account and seconds of a process that is dead; None: it was none of these."""
        errand = self._running.pop(pid, None)
        return (errand.account, now - errand.since) if errand else None

    def wait(self, now: float) -> float | None:
        """Seconds until the clock alone makes a move possible; None: only an event does."""
        due = [errand.since + LONGEST_WAIT for errand in self._waiting.values()]
        for errand in self._waiting.values():
            if not errand.is_command:
                due += [since + HUNG_AFTER for since in self._of(errand)]
        return max(0.0, min(due) - now) if due else None

    def _objection(self, errand: _Errand, now: float) -> str:
        under_way = self._of(errand)
        oldest = min(under_way, default=now)
        if now - oldest >= HUNG_AFTER and not errand.is_command:  # which may take its time
            return (
                f"another delivery into the home directory of {errand.account} has been under way"
                f" for {now - oldest:.0f} s"
            )
        if now - errand.since >= LONGEST_WAIT:
            if len(under_way) >= MOST_OF_ONE:
                return f"{MOST_OF_ONE} commands of {errand.account} are under way"
            return f"{len(self._running)} deliveries to system users are under way"
        return ""

    def _of(self, like: _Errand) -> list[float]:
        """Since when others of this account are under way, commands or other deliveries."""
        kind = like.account, like.is_command
        return [e.since for e in self._running.values() if (e.account, e.is_command) == kind]
