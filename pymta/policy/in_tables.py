"""Is somebody in a table of the operator's, and what does it say of him?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pymta.mail.address import Mailbox
from pymta.policy.facts import Facts
from pymta.policy.lookups import Lookups
from pymta.policy.rule import Fit, Holds, Unknown
from pymta.policy.verdict import safe_text
from pymta.tables.table import Found, InOrder, Table, Unsure
from pymta.tables.text import key_of_address, key_of_catch_all

LONGEST_SAID = 200  # characters

KeysOf = Callable[[Facts], tuple[str, ...]]


class InTables:
    """The first key that one of the tables has, in the order of `keys`."""

    def __init__(self, keys: KeysOf, tables: Iterable[Table]) -> None:
        self._keys = keys
        self._tables = InOrder(tables)

    def __call__(self, facts: Facts, _: Lookups) -> Fit:
        for key in self._keys(facts):
            match self._tables.lookup(key):
                case Found(value, where):
                    said = safe_text(" ".join(value.split()))[:LONGEST_SAID]
                    return Holds(safe_text(f"{key} is in {where}"), said)
                case Unsure(why):
                    return Unknown(why)
        return False


def client(facts: Facts) -> tuple[str, ...]:
    """Users of this machine have no address."""
    return (str(facts.call.address),) if facts.call.address else ()


def sender(facts: Facts) -> tuple[str, ...]:
    """The null sender is in no table."""
    return _of(facts.sender.mailbox if facts.sender else None)


def recipient(facts: Facts) -> tuple[str, ...]:
    return _of(facts.recipient.mailbox if facts.recipient else None)


def _of(mailbox: Mailbox | None) -> tuple[str, ...]:
    if mailbox is None:
        return ()
    keys = (key_of_address(mailbox.local, mailbox.domain),)
    return (*keys, key_of_catch_all(mailbox.domain)) if mailbox.domain else keys
