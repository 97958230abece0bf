"""As whom an account may send: in MAIL, and in the From field of its messages.

    alice@example.org     as itself
    alice                 at our own name and at each of our local domains
    both                  as what auth_senders has for them, and for "*"

The null sender is everybody's: receipts and reports of mail programs need it (RFC 6409 s5).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pymta.config.address_list import AddressList
from pymta.config.auth import EVERYBODY
from pymta.config.settings import Settings
from pymta.mail.address import Mailbox
from pymta.mail.domain import key_of_domain
from pymta.sasl.prepare import in_small_letters


def may_send_as(account: str, sender: Mailbox | None, settings: Settings) -> bool:
    """`account` as a login gave it (`pymta.sasl.exchange.Success`); None: the null sender."""
    if sender is None or _key(sender) in _own(account, settings):
        return True
    table = settings.auth.auth_senders or {}
    named = (tuple(table.get(key, ())) for key in (account, EVERYBODY))
    return any(is_listed(items, sender, settings) for items in named)


def is_listed(items: tuple[str, ...], sender: Mailbox | None, settings: Settings) -> bool:
    return bool(items) and _list(items, settings.hostname).holds(sender)


def _own(account: str, settings: Settings) -> Iterable[tuple[str, str]]:
    local, at, domain = account.rpartition("@")
    if at:
        return ((local, key_of_domain(domain)),)
    ours = {settings.hostname, *settings.routing.local_domains} - {"@"}
    return ((account, key_of_domain(name)) for name in ours)


def _key(mailbox: Mailbox) -> tuple[str, str]:
    """Names of accounts are in small letters, so case does not count in the local part either."""
    return in_small_letters(mailbox.local), key_of_domain(mailbox.domain)


@cache
def _list(items: tuple[str, ...], ourselves: str) -> AddressList:
    """Those of settings are few, and stay.  A "no" at the end must not mean yes to all others."""
    return AddressList((*items, "!*"), ourselves)
