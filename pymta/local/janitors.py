"""What a command has left behind that has killed the process which would have ended it.

That one runs as the user, so a command of his may do so; what is left then becomes a child of the
helper (`pymta.local.orphans`).  The helper may not signal a process of a user, so a child of it, a
janitor, becomes that user and ends them.  Whoever forks faster than that, or kills the janitors as
well, is left to LimitNPROC= of the unit after some rounds, until his next delivery ends.

Touches: processes, signals, disk.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from pymta.accounts.account import Account
from pymta.accounts.passwd import find
from pymta.channel.life import close_all_but, live_and_leave
from pymta.local.identity import become
from pymta.local.orphans import adopt, children

MOST_ROUNDS = 20  # for what one delivery has left
LIMIT = 10.0  # seconds; a directory of accounts may hang
NOTHING, SOME = 0, 3  # exit status: has a janitor ended anything?


class Janitors:
    """`put_back_signals` is called in each of them first."""

    def __init__(self, put_back_signals: Callable[[], object]) -> None:
        self._put_back_signals = put_back_signals
        self._at_work: dict[int, tuple[str, set[int]]] = {}  # pid -> account, what it is to end
        self._rounds: dict[str, int] = {}
        adopt()

    def delivered(self, accounts: Iterable[str], at_work: Iterable[int]) -> None:
        """Deliveries as these users have ended; `at_work` are those that go on."""
        for account in accounts:
            self._rounds[account] = MOST_ROUNDS
        self._clear(set(at_work))

    def ended(self, pid: int, status: int, at_work: Iterable[int]) -> None:
        """A child that was no delivery: a janitor, or what one has ended."""
        if pid not in self._at_work:
            return
        account, known = self._at_work.pop(pid)
        # What has ended by itself may have left others meanwhile, which he did not know of.
        is_all = self._left(set(at_work)) <= known
        if is_all and os.waitstatus_to_exitcode(status) == NOTHING:
            self._rounds.pop(account, None)
        self._clear(set(at_work))

    def _clear(self, at_work: set[int]) -> None:
        wanted = self._rounds.keys() - {account for account, _ in self._at_work.values()}
        left = self._left(at_work) if wanted else set()
        for account in wanted:
            self._rounds[account] -= 1
            if not left or self._rounds[account] < 0:
                del self._rounds[account]
                continue
            with suppress(OSError):  # no process for it: the next delivery asks again
                self._send(account, left)

    def _left(self, at_work: set[int]) -> set[int]:
        return children() - at_work - self._at_work.keys()

    def _send(self, account: str, left: set[int]) -> None:
        helper = os.getpid()
        if not (pid := os.fork()):
            live_and_leave(lambda: self._live(account, left, helper))
        self._at_work[pid] = account, left

    def _live(self, name: str, left: set[int], helper: int) -> int:
        self._put_back_signals()
        close_all_but(())
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        account = find(name)
        if not isinstance(account, Account):
            return NOTHING
        become(account)
        ended = [_end(pid, helper) for pid in left]
        return SOME if any(ended) else NOTHING


def _end(pid: int, helper: int) -> bool:
    """False: it has gone, is another user's, or is somebody else with its number by now."""
    with suppress(OSError, ValueError, IndexError):
        fd = os.pidfd_open(pid)
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
            state, parent = after_name.split()[:2]
            if int(parent) != helper or state == "Z":
                return False
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        finally:
            os.close(fd)
        return True
    return False
