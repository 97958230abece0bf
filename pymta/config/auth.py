"""Where logins are checked, and as whom an account may send."""

from __future__ import annotations

import re
from typing import Annotated

from pymta.config.address_list import parse_address_item
from pymta.config.addresses import is_host_name
from pymta.config.secret import SecretFile
from pymta.config.setting import setting
from pymta.config.units import Choice, SocketPath, Timeout
from pymta.dataclass import dataclass
from pymta.sasl.prepare import prepare_name

FILE, DOVECOT, SASLAUTHD = "file", "dovecot", "saslauthd"
EVERYBODY = "*"
_WANTED_SENDERS = 'want lists of addresses, such as { "alice@example.org" = ["sales@example.org"] }'
_MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}")  # RFC 4422 s3.1


@dataclass(frozen=True, slots=True)
class MechanismName:
    """Marks the name of a login mechanism, in capitals as it is offered."""

    def check(self, value: str) -> str:
        if not _MECHANISM.fullmatch(value):
            raise ValueError('want the name of a mechanism, such as "SCRAM-SHA-256" or "PLAIN"')
        return value


@dataclass(frozen=True, slots=True)
class DomainOfNames:
    """Marks a domain that names of accounts have."""

    def check(self, value: str) -> str:
        if not is_host_name(value):
            raise ValueError('want a domain such as "example.org"')
        return value


@dataclass(frozen=True, slots=True)
class AddressItem:
    """Marks an item of a list of addresses, see `address_list`."""

    def check(self, value: str) -> str:
        parse_address_item(value)
        return value


@dataclass(frozen=True, slots=True)
class SenderTable:
    """Marks lists of addresses, keyed by account."""

    def read(self, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(_WANTED_SENDERS)  # noqa: TRY004 - the words for the operator
        return {self._account(key): self._items(key, items) for key, items in value.items()}

    @staticmethod
    def _account(key: str) -> str:
        if key == EVERYBODY:
            return key
        try:
            return prepare_name(key)
        except ValueError as error:
            raise ValueError(f'"{key}" is no account: {error}') from None

    @staticmethod
    def _items(key: str, items: object) -> list[str]:
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise ValueError(f'in "{key}": {_WANTED_SENDERS}')
        for item in items:
            try:
                parse_address_item(item)
            except ValueError as error:
                raise ValueError(f'"{item}" in "{key}": {error}') from None
        return items


BackEndName = Annotated[str, Choice(FILE, DOVECOT, SASLAUTHD)]
DomainName = Annotated[str, DomainOfNames()]
MailAddress = Annotated[str, AddressItem()]
Mechanism = Annotated[str, MechanismName()]


@dataclass(frozen=True, slots=True)
class Auth:
    auth_back_ends: tuple[BackEndName, ...] = setting(
        (FILE, DOVECOT, SASLAUTHD),
        "Who is asked about a login, in this order; those for whom nothing is set below are left"
        " out.  A password is right when one of them says so; another mechanism is served by the"
        " first that has it.",
    )
    auth_password_file: Annotated[str, SecretFile("passwords")] = setting(
        "",
        "File of accounts and hashes of their passwords, see `pymta user`: an absolute path, or"
        ' "credential:NAME" for what systemd hands over; empty: none.',
    )
    auth_dovecot_socket: Annotated[str, SocketPath("/run/dovecot/auth-client")] = setting(
        "", "Socket where Dovecot answers about logins, with all mechanisms that it has."
    )
    auth_saslauthd_socket: Annotated[str, SocketPath("/run/saslauthd/mux")] = setting(
        "",
        "Socket of saslauthd, the way to PAM; it is asked for name and password, so PLAIN and LOGIN"
        " are offered.",
    )
    auth_saslauthd_domains: tuple[DomainName, ...] = setting(
        (),
        "Domains that are left out of a name before saslauthd is asked, as its accounts have none:"
        " who logs in as alice@example.org is alice there, and alice@example.org here.",
    )
    auth_timeout: Timeout = setting(30, "How long Dovecot or saslauthd may take for an answer.")
    auth_external: tuple[MailAddress, ...] = setting(
        (),
        "Mail addresses, or domains of such, whose owners may log in by a client certificate alone"
        " that has the address in it and was verified (EXTERNAL).  Those who vouch for clients, see"
        " tls_verify_certificates, vouch for accounts then.",
    )
    auth_mechanisms: tuple[Mechanism, ...] = setting(
        (), "Mechanisms that may be offered, of those that can be served; empty: all of them."
    )
    auth_senders: Annotated[dict[str, list[str]] | None, SenderTable()] = setting(
        None,
        'As whom accounts may send, beside themselves: lists of addresses, domains or "*", keyed by'
        ' account; "*" is for all accounts.  An account without a domain is itself at'
        " primary_hostname and in local_domains.",
    )
