"""As whom does a command touch the spool?  Always as its owner.

The queue is made of files of one user.  A root-owned file in it would be a message that the
daemon cannot read, so root becomes the owner first, and everybody else is told what is missing.

Touches: processes, accounts, disk.
"""

from __future__ import annotations

import os
import pwd
from contextvars import ContextVar

from pymta.cli.command_error import CommandError
from pymta.dataclass import dataclass

_orderer: ContextVar[str] = ContextVar("orderer", default="")


class NotOwnerError(CommandError):
    """The queue of this state directory is not ours; its daemon may do it for us."""

    def __init__(self, state: str, text: str) -> None:
        super().__init__(text, os.EX_NOPERM)
        self.state = state


@dataclass(frozen=True, slots=True)
class Stay:
    """We are the owner."""


@dataclass(frozen=True, slots=True)
class Become:
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Neither root nor the owner."""


def decide(euid: int, owner_uid: int, owner_gid: int) -> Stay | Become | Refuse:
    if euid == owner_uid:
        return Stay()
    if euid == 0:
        return Become(owner_uid, owner_gid)
    return Refuse()


def may_become_owner(state_directory: str) -> bool:
    """Whether `become_owner` would work.  Raises CommandError when there is no such directory."""
    found = _look(state_directory)
    return not isinstance(decide(os.geteuid(), found.st_uid, found.st_gid), Refuse)


def become_owner(state_directory: str) -> None:
    """Be the owner of the state directory from here on.

    Raises NotOwnerError, before anything has been done; CommandError where there is no queue.
    """
    found = _look(state_directory)
    match decide(os.geteuid(), found.st_uid, found.st_gid):
        case Become(uid, gid):
            change_user(uid, gid)
        case Refuse():
            owner = account_name(found.st_uid)
            text = f"{state_directory} belongs to {owner}: do this as root or as {owner}"
            raise NotOwnerError(state_directory, text)
        case Stay():
            pass


def change_user(uid: int, gid: int) -> None:
    """Become this user for good: groups, group, user, in the only order that works."""
    try:
        os.initgroups(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:  # an owner without an account has no groups but his own
        os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def account_name(uid: int) -> str:
    """The name of a user, or his number when no account has it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def act_for(person: str) -> None:
    """From here on this process does what this user has ordered."""
    _orderer.set(person)


def is_ordered() -> bool:
    """Does this process do what another user has ordered?"""
    return bool(_orderer.get())


def login_name() -> str:
    """Whose order this is; "" when no account has that number."""
    if orderer := _orderer.get():
        return orderer
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def _look(state_directory: str) -> os.stat_result:
    try:
        return os.stat(state_directory)  # noqa: PTH116 - a name, not a path to work with
    except FileNotFoundError:
        raise CommandError(
            f"{state_directory} does not exist: no pymta daemon has run here."
            "  For the queue of `pymta serve` add --state DIRECTORY",
            os.EX_NOINPUT,
        ) from None
