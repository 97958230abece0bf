"""Accounts of this machine, and which of them get mail.

A local part is looked up only when it may be the name of an account; so nothing that a stranger
says ever reaches a directory server unread, and no name needs an escape anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pymta.dataclass import dataclass
from pymta.mail.letters import small

ROOT = 0
# useradd(8) is stricter, but directories of other systems give names with capitals and dots.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
# What accounts of programs have in place of a home directory.
_NO_HOMES = frozenset({"/", "/nonexistent", "/dev/null", "/var/empty", "/run/nonexistent"})


@dataclass(frozen=True, slots=True)
class Account:
    """A line of passwd(5), wherever it comes from."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str = ""


@dataclass(frozen=True, slots=True)
class NoAccount:
    """Whoever knows the accounts says that there is none of this name."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody could be asked."""

    why: str


Found = Account | NoAccount | Unsure
Find = Callable[[str], Found]


def nobody(name: str) -> NoAccount:  # noqa: ARG001 - a `Find`
    """Where system users get no mail."""
    return NoAccount()


def is_account_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def find_user(local_part: str, find: Find, uid_min: int) -> Found:
    """The system user whose mail this is.

    The name as it is written, or in small letters when there is no such account.
    """
    found: Found = NoAccount()
    for name in dict.fromkeys((local_part, small(local_part))):
        if is_account_name(name) and isinstance(found, NoAccount):
            found = find(name)
    if isinstance(found, Account) and objection(found, uid_min):
        return NoAccount()
    return found


def objection(account: Account, uid_min: int) -> str:
    """Why this account gets no mail; "" when it does.  Root never does."""
    if account.uid == ROOT:
        return f"{account.name} is root"
    if account.uid < uid_min:
        return f"user id {account.uid} of {account.name} is below local_uid_min, {uid_min}"
    if not account.home.startswith("/") or account.home.rstrip("/") in {"", *_NO_HOMES}:
        return f'{account.name} has no home directory, only "{account.home}"'
    return ""
