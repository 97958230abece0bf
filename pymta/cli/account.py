"""Whose is a daemon that root starts?  (PV-01, PV-02)

It becomes the account of `pymta_user`, or, when none is set, the owner of the state directory, so
that no file of root appears in the queue.

Touches: accounts, disk.
"""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from pymta.cli.command_error import CommandError
from pymta.config.process import Process
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int


def account_for(process: Process, state_directory: str) -> Account:
    """Raises CommandError for a name that nobody has."""
    user = _user(process.pymta_user) if process.pymta_user else _owner(state_directory)
    return Account(user.uid, _group(process.pymta_group) if process.pymta_group else user.gid)


def _user(name: str) -> Account:
    """By name or number.  A number without an account is refused later, by the daemon (PV-02)."""
    try:
        found = pwd.getpwuid(int(name)) if _is_number(name) else pwd.getpwnam(name)
    except KeyError:
        if _is_number(name):
            return Account(int(name), int(name))
        raise CommandError(f'pymta_user: no account has the name "{name}"', os.EX_CONFIG) from None
    return Account(found.pw_uid, found.pw_gid)


def _group(name: str) -> int:
    if _is_number(name):
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        text = f'pymta_group: no group has the name "{name}"'
        raise CommandError(text, os.EX_CONFIG) from None


def _owner(directory: str) -> Account:
    """The owner; of a directory that is still to be made, whoever makes it."""
    try:
        found = Path(directory).stat()
    except FileNotFoundError:
        return Account(os.geteuid(), os.getegid())
    return Account(found.st_uid, found.st_gid)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()
