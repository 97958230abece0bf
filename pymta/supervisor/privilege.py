"""Root for as long as it takes to bind a port, and never afterwards (PV-01…PV-03).

A supervisor that root started is its account from its first step on; what it makes belongs to
that account.  Only for single calls (a bind, a limit, the pid file) it is root again.  When the
sockets listen it gives root up for good, in all four columns of /proc/PID/status.

Touches: processes, accounts.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from pymta.dataclass import dataclass


class CannotChangeUserError(Exception):
    """The argument is the line that says why."""


@dataclass(frozen=True, slots=True)
class Stay:
    """We are who we should be."""


@dataclass(frozen=True, slots=True)
class Change:
    uid: int
    gid: int


def decide(euid: int, uid: int, gid: int) -> Stay | Change:
    """What a process of `euid` does that should be `uid` and `gid`; -1: whoever it is.

    Only root can change.  Anybody else goes on as he is (PV-03); the port or the state directory
    then says whether he may.
    """
    if euid != 0 or uid in {-1, 0}:
        return Stay()
    return Change(uid, gid)


class Privilege:
    """The right to be root again for a moment, while there is one."""

    def __init__(self, change: Stay | Change) -> None:
        """Be the account from here on, but able to return.  Raises CannotChangeUserError."""
        self._change = change
        if isinstance(change, Change):
            _take_groups(change.uid, change.gid)
            self._leave()

    @contextmanager
    def root(self) -> Iterator[None]:
        """As whoever started us."""
        if isinstance(self._change, Stay):
            yield
            return
        os.seteuid(0)
        try:
            yield
        finally:
            self._leave()

    def restore(self) -> None:
        """Be whoever started us again, for a program that is to begin as he."""
        if isinstance(self._change, Change):
            self._change = Stay()
            os.seteuid(0)
            os.setegid(os.getgid())

    def drop(self) -> None:
        """For good.  Raises CannotChangeUserError."""
        if isinstance(self._change, Stay):
            return
        uid, gid = self._change.uid, self._change.gid
        self._change = Stay()
        try:
            os.seteuid(0)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        except OSError as error:
            raise _unable(uid, gid) from error

    def _leave(self) -> None:
        assert isinstance(self._change, Change)
        try:
            os.setegid(self._change.gid)
            os.seteuid(self._change.uid)
        except OSError as error:
            raise _unable(self._change.uid, self._change.gid) from error


def _take_groups(uid: int, gid: int) -> None:
    """The groups of the account, and none of root's."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        text = f"cannot run initgroups(): no passwd entry for uid={uid}"
        raise CannotChangeUserError(text) from None
    try:
        os.initgroups(name, gid)
    except OSError as error:
        text = f"initgroups failed for uid={uid}: {error.strerror}"
        raise CannotChangeUserError(text) from error


def _unable(uid: int, gid: int) -> CannotChangeUserError:
    return CannotChangeUserError(
        f"unable to set gid={gid} or uid={uid} (euid={os.geteuid()}): running as a daemon"
    )
