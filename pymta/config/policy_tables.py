"""Tables that policy rules name: of clients, and of addresses of mail.

A rule names them as `pymta.config.table_name` has it.  They are asked as they are now, so that a
change needs no reload.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pymta.config.table_name import CIDR, DATABASE, FILE, REGEX, parse_table_name, unknown_databases

CLIENT_IN, SENDER_IN, RECIPIENT_IN = "client_in", "sender_in", "recipient_in"
_KEYS = (CLIENT_IN, SENDER_IN, RECIPIENT_IN)

Place = tuple[str | int, ...]


def parse_client_table(text: str) -> None:
    """Raises ValueError with the words for the operator."""
    parse_table_name(text, None, kinds=(CIDR, DATABASE))


def parse_address_table(text: str) -> None:
    """Likewise."""
    parse_table_name(text, None, kinds=(FILE, REGEX, DATABASE))


def faults(rules: Mapping[str, Any], known: Collection[str]) -> Iterator[tuple[Place, object, str]]:
    """Databases that there are not; `known` are those that there are.

    What else is wrong with rules is told elsewhere.
    """
    for stage, tables in rules.items():
        for number, table in enumerate(tables if isinstance(tables, list) else ()):
            for place, name, wanted in unknown_databases(table, _KEYS, known):
                yield (stage, number, *place), name, wanted
