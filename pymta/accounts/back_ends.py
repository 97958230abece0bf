"""Everybody who can check a login, as the settings name them, as one.

Made before the first fork; what may wait is not done until somebody logs in.

Touches: disk, environment, random numbers.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable

from pymta.accounts import hashes
from pymta.accounts.dovecot import Dovecot, DovecotMechanisms, DovecotPasswords
from pymta.accounts.host_secret import LENGTH, host_secret
from pymta.accounts.password_file import FilePasswords, FileScram, PasswordFile
from pymta.accounts.saslauthd import Saslauthd
from pymta.accounts.told import Told
from pymta.config.address_list import AddressList
from pymta.config.auth import DOVECOT, FILE, SASLAUTHD
from pymta.config.secret import VARIABLE, path_of
from pymta.config.settings import Settings
from pymta.journal.event import Event
from pymta.mail.address import Mailbox, parse_mailbox
from pymta.sasl.exchange import BackEnd
from pymta.sasl.external import External
from pymta.sasl.in_order import InOrder, Only
from pymta.sasl.plain import Passwords, PasswordSource
from pymta.sasl.scram import NAME_PLUS

Tell = Callable[[Event], None]


def back_end(settings: Settings, tell: Tell) -> BackEnd | None:
    """None: nobody can log in.  `tell` hears of what an operator should mend."""
    auth, told = settings.auth, Told(tell)
    mechanisms: list[BackEnd] = [External(_named_in(settings))] if auth.auth_external else []
    sources: list[PasswordSource] = []
    for name in dict.fromkeys(auth.auth_back_ends):
        if name == FILE and auth.auth_password_file:
            hashes.load()
            file = _password_file(settings, told)
            mechanisms.append(FileScram(file, may_bind=_may(settings, NAME_PLUS)))
            sources.append(FilePasswords(file))
        elif name == DOVECOT and auth.auth_dovecot_socket:
            dovecot = Dovecot(auth.auth_dovecot_socket, auth.auth_timeout, told)
            mechanisms.append(DovecotMechanisms(dovecot))
            sources.append(DovecotPasswords(dovecot))
        elif name == SASLAUTHD and auth.auth_saslauthd_socket:
            path, domains = auth.auth_saslauthd_socket, auth.auth_saslauthd_domains
            sources.append(Saslauthd(path, auth.auth_timeout, told, domains))
    if sources:
        mechanisms.append(Passwords(sources))  # last, since the best stand first
    if not mechanisms:
        return None
    allowed = settings.auth.auth_mechanisms
    return Only(InOrder(mechanisms), allowed) if allowed else InOrder(mechanisms)


def _named_in(settings: Settings) -> Callable[[str], bool]:
    """Is it a mail address of auth_external?  A "no" at its end must not mean yes to all others."""
    known = AddressList((*settings.auth.auth_external, "!*"), settings.hostname)

    def is_account(name: str) -> bool:
        mailbox = parse_mailbox(name)
        return isinstance(mailbox, Mailbox) and bool(mailbox.domain) and known.holds(mailbox)

    return is_account


def _may(settings: Settings, mechanism: str) -> bool:
    allowed = settings.auth.auth_mechanisms
    return not allowed or mechanism in allowed


def _password_file(settings: Settings, told: Told) -> PasswordFile:
    value = settings.auth.auth_password_file
    try:
        path = path_of(value, os.environ.get(VARIABLE, ""))
    except ValueError:
        path = value  # which is no file; the log will say so
    return PasswordFile(path, _secret(settings, told), told)


def _secret(settings: Settings, told: Told) -> bytes:
    try:
        return host_secret(settings.machine.state_directory)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}; accounts that do not exist look new each time"
        told.trouble("secret", what)
        return secrets.token_bytes(LENGTH)
