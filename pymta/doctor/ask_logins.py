"""What the settings about logins name, and sockets of LMTP servers, as the daemon's user sees it.

Credentials are not: only the unit has them.

Touches: disk, accounts.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from pymta.accounts.password_edit import lines
from pymta.config.auth import Auth
from pymta.config.auth_file import objection
from pymta.config.local_transport import lmtp_server
from pymta.config.secret import credential
from pymta.config.settings import Settings
from pymta.doctor.logins import LMTP, Logins, Named
from pymta.mail.caller import LocalSocket

ROOT = 0


def ask_logins(settings: Settings) -> Logins:
    try:
        owner = Path(settings.machine.state_directory).stat()
    except OSError:
        return Logins()  # others complain of that
    user = _User(owner.st_uid, owner.st_gid)
    named = tuple(_named(key, value, user) for key, value in _values(settings))
    return Logins(named, tuple(_lines(settings.auth.auth_password_file)))


class _User:
    """The owner of the state directory, with all groups that he is in."""

    def __init__(self, uid: int, gid: int) -> None:
        self.uid = uid
        try:
            self.name = pwd.getpwuid(uid).pw_name
        except KeyError:
            self.name = f"uid {uid}"
        more = (group.gr_gid for group in grp.getgrall() if self.name in group.gr_mem)
        self.gids = {gid, *more}

    def may(self, found: os.stat_result, right: int) -> bool:
        """`right` is 4 to read, 2 to write or connect, 1 to pass."""
        if self.uid == ROOT:
            return True
        if found.st_uid == self.uid:
            return bool(found.st_mode >> 6 & right)
        return bool(found.st_mode >> (3 if found.st_gid in self.gids else 0) & right)


def _values(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from _of_auth(settings.auth)
    ways = settings.routing.local_transport
    for way in sorted({ways} if isinstance(ways, str) else set(ways.values())):
        server = lmtp_server(way)
        if isinstance(server, LocalSocket):
            yield LMTP, server.path


def _of_auth(auth: Auth) -> Iterator[tuple[str, str]]:
    for key in ("auth_password_file", "auth_dovecot_socket", "auth_saslauthd_socket"):
        value = getattr(auth, key)
        if value and not credential(value):
            yield key, value


def _named(key: str, value: str, user: _User) -> Named:
    try:
        found = Path(value).stat()
        above = [parent.stat() for parent in Path(value).parents]
    except PermissionError:
        return Named(key, value, is_unseen=True)
    except OSError as error:
        return Named(key, value, trouble=error.strerror or str(error))
    is_file = key == "auth_password_file"
    trouble = objection(found) if is_file else _no_socket(found)
    may = user.may(found, 4 if is_file else 2) and all(user.may(one, 1) for one in above)
    is_of_all = is_file and bool(found.st_mode & stat.S_IROTH)
    return Named(
        key,
        value,
        trouble,
        user="" if may else user.name,
        is_of_all=is_of_all and all(one.st_mode & stat.S_IXOTH for one in above),
    )


def _no_socket(found: os.stat_result) -> str:
    return "" if stat.S_ISSOCK(found.st_mode) else "it is no socket"


def _lines(value: str) -> Iterator[str]:
    if not value or credential(value):
        return
    try:
        if objection(Path(value).stat()):  # others say so, and nothing else is waited for
            return
        data = Path(value).read_bytes()
    except OSError:
        return
    for line in lines(data):
        if line.fault:
            yield f"{line.number}: {line.fault}"
