"""Become a user, for good: groups, group, user, the only order that works, each looked at.

A system call that says yes and changes nothing would leave us root, so what the kernel now says of
us is compared with what was wanted, and the way back is tried.  Nothing of root's goes along: not
its environment, its directory, its limits for core dumps.

Touches: processes, accounts, environment.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pymta.accounts.account import ROOT, Account

PATH = "/usr/local/bin:/usr/bin:/bin"


class IdentityError(Exception):
    """We are not who we should be; nothing may be done on anybody's behalf."""


def become(account: Account, spare: int | None = None) -> None:
    """Be this user and nobody else.  Raises IdentityError, OSError.

    `spare` is the number of a group that may be taken on later, see `in_group`.
    """
    if account.uid == ROOT:
        raise IdentityError("root gets no mail")
    groups = os.getgrouplist(account.name, account.gid)
    os.setgroups(groups)
    kept = account.gid if spare is None else spare
    if kept == ROOT and account.gid != ROOT:
        raise IdentityError("nobody acts for the group of root")
    os.setresgid(account.gid, account.gid, kept)
    os.setresuid(account.uid, account.uid, account.uid)
    _check(account, groups, kept)
    _leave_behind(account)


def take_environment(account: Account) -> None:
    """In place of the one that there is."""
    os.environ.clear()
    os.environ.update(
        HOME=account.home,
        USER=account.name,
        LOGNAME=account.name,
        SHELL=account.shell or "/bin/sh",
        PATH=PATH,
    )


@contextmanager
def in_group(group: int) -> Iterator[None]:
    """For a while, as what `become` has left possible."""
    own = os.getgid()
    os.setresgid(-1, group, -1)
    try:
        yield
    finally:
        os.setresgid(-1, own, -1)


def _check(account: Account, groups: list[int], kept: int) -> None:
    gids = (account.gid, account.gid, kept)
    if os.getresuid() != (account.uid,) * 3 or os.getresgid() != gids:
        raise IdentityError(f"could not become uid {account.uid}, gid {account.gid}")
    if set(os.getgroups()) - {account.gid} != set(groups) - {account.gid}:
        raise IdentityError(f"could not take on the groups of {account.name}")
    with suppress(PermissionError):
        os.setresuid(-1, ROOT, -1)
        raise IdentityError(f"uid {account.uid} can become root again")


def _leave_behind(account: Account) -> None:
    take_environment(account)
    os.umask(0o077)
    os.chdir("/")
    with suppress(PermissionError):  # in the unit the filter refuses it, and LimitCORE= has done it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
