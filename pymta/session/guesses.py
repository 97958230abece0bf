"""How often logins fail: from one place, and for one account, over all connections of a host.

A place is an IPv4 address, or a /64 of IPv6, of which whoever has one address has all.  Where too
many fail nobody may try for a while; so whoever guesses gets a few tries in an hour, however many
connections he opens.  An account that is guessed at from everywhere is closed in the same way, but
for places from where it has logged in lately: its owner goes on working, whoever tries to keep him
out.

What is not known, because the store cannot tell, shuts nobody out.
"""

from __future__ import annotations

from ipaddress import ip_network

from pymta.config.login import Login
from pymta.hints.clients import Clients
from pymta.mail.caller import Address

KNOWN_FOR = 30 * 86_400.0  # seconds since the last good login


class Guesses:
    """Of one connection; `address` is None for a user of this machine."""

    def __init__(self, settings: Login, clients: Clients, address: Address | None) -> None:
        self._settings = settings
        self._clients = clients
        self._place = place(address)

    @property
    def is_shut_out(self) -> bool:
        """Nobody logs in from here for now."""
        return self._has_reached(self._from_here, self._settings.auth_failures_per_address)

    def is_closed(self, account: str) -> bool:
        """Nobody logs in as this account for now, from a place where it is not at home."""
        if not account:
            return False
        most = self._settings.auth_failures_per_account
        if not self._has_reached(_for(account), most):
            return False
        return not self._clients.level(self._at_home(account), KNOWN_FOR)

    def failed(self, account: str, *, is_closed: bool) -> int:
        """How many that makes from here; 0 when nobody can tell.

        While an account is closed its failures count for the place alone, so that it opens again.
        """
        if not is_closed:
            self._count_for(account)
        if not self._settings.auth_failures_per_address:
            return 0
        period = self._settings.auth_failures_period
        return round(self._clients.count(self._from_here, 1, period) or 0)

    def may_have_failed(self, account: str) -> None:
        """One who could be asked says no, and another cannot be asked.

        It counts for the account, so that nobody guesses for as long as that lasts; but not for
        the place, where everybody goes on trying, with passwords that are right.
        """
        self._count_for(account)

    def succeeded(self, account: str) -> None:
        if self._settings.auth_failures_per_account:
            self._clients.count(self._at_home(account), 1, KNOWN_FOR)

    def _count_for(self, account: str) -> None:
        if account and self._settings.auth_failures_per_account:
            self._clients.count(_for(account), 1, self._settings.auth_failures_period)

    def _has_reached(self, key: str, most: int) -> bool:
        if not most:
            return False
        level = self._clients.level(key, self._settings.auth_failures_period)
        return level is not None and round(level) >= most

    @property
    def _from_here(self) -> str:
        return f"auth:from:{self._place}"

    def _at_home(self, account: str) -> str:
        return f"auth:home:{self._place}:{account}"


def place(address: Address | None) -> str:
    if address is None:
        return "here"
    return str(ip_network((address, 32 if address.version == 4 else 64), strict=False))


def _for(account: str) -> str:
    return f"auth:for:{account}"
