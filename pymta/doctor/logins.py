"""Logins: the password file and the sockets of others, as the daemon finds them; LMTP's, too."""

from __future__ import annotations

from collections.abc import Iterator

from pymta.config.auth import DOVECOT, FILE, SASLAUTHD, Auth
from pymta.config.roles import is_for_users
from pymta.config.settings import Settings
from pymta.dataclass import dataclass
from pymta.doctor.finding import Finding, fault, note

LMTP = "local_transport"
_SHOWN = 3  # lines of the password file that are of no use


@dataclass(frozen=True, slots=True)
class Named:
    """What a setting names.  `trouble` says why it is of no use to anybody, `is_unseen` that we may
    not look; `user` is who cannot use it though the daemon is his, "" when he can.
    """

    key: str
    value: str
    trouble: str = ""
    is_unseen: bool = False
    user: str = ""
    is_of_all: bool = False  # everybody may read it


@dataclass(frozen=True, slots=True)
class Logins:
    """`lines` are those of the password file that nobody can use, each with its number and why."""

    named: tuple[Named, ...] = ()
    lines: tuple[str, ...] = ()


def findings(found: Logins) -> Iterator[Finding]:
    for one in found.named:
        yield from _of(one)
    where = next((one.value for one in found.named if one.key == "auth_password_file"), "")
    if found.lines:
        shown = [*found.lines[:_SHOWN], "…"] if len(found.lines) > _SHOWN else found.lines
        text = f"has lines of no use: {'; '.join(shown)}"
        yield fault("password-lines", where, text, "pymta user list names them all")


def shut_out(roles: frozenset[str], settings: Settings) -> Iterator[Finding]:
    """Sockets that are for users, where no user can log in; `roles` are those that are open."""
    is_checked = _is_checked(settings.auth)
    for role in sorted(filter(is_for_users, roles)):
        where = f"socket {role}"
        if not is_checked:
            text = "is for users, and there is nothing to check a login with"
            yield fault("no-logins", where, text, _TO_CHECK)
        elif not (settings.tls.tls_certificate or settings.login.auth_without_tls_hosts):
            text = "users log in inside of TLS, and there is no certificate"
            yield fault("no-logins", where, text, "set tls_certificate and tls_privatekey")


def _is_checked(auth: Auth) -> bool:
    named = {
        FILE: auth.auth_password_file,
        DOVECOT: auth.auth_dovecot_socket,
        SASLAUTHD: auth.auth_saslauthd_socket,
    }
    return bool(auth.auth_external) or any(named[name] for name in auth.auth_back_ends)


def _of(one: Named) -> Iterator[Finding]:
    is_lmtp = one.key == LMTP
    topic = "lmtp" if is_lmtp else "logins"
    where = f'{one.key} = "{"lmtp:unix:" if is_lmtp else ""}{one.value}"'
    if one.is_unseen:
        yield note("not-seen", where, "may not be looked at by us", "run this as root")
    elif one.trouble:
        yield fault(topic, where, one.trouble, _REMEDIES.get(one.key, ""))
    elif one.user:
        yield fault(f"{topic}-denied", where, f"{one.user} cannot use it", _RIGHTS.get(one.key, ""))
    if one.is_of_all:
        text = "everybody on this host can read the hashes"
        yield fault("passwords-readable", one.value, text, f"chmod o= {one.value}")


_TO_CHECK = "set auth_password_file, and name it in auth_back_ends; pymta user add makes it"
_REMEDIES = {
    LMTP: "start Dovecot, with a unix_listener of that name in its service lmtp",
    "auth_password_file": "pymta user add makes one",
    "auth_dovecot_socket": "start Dovecot, with a unix_listener of that name in its service auth",
    "auth_saslauthd_socket": "start saslauthd, with -m for the directory of that socket",
}
_RIGHTS = {
    LMTP: "want user = or group = of the daemon, and mode = 0660, in the unix_listener",
    "auth_password_file": "let the file belong to the daemon's group, with mode 640",
    "auth_dovecot_socket": "want user = and mode = in the unix_listener",
    "auth_saslauthd_socket": "put the daemon's user into the group of that directory",
}
