"""How large may a message of this client be?  (message_size_limit, CP-08)

A number; the default, when the setting says nothing for this client; or trouble, when what it says
cannot be understood: then the client is put off, because a guess might lose it a large message.
"""

from __future__ import annotations

from pymta.config.per_host import Value
from pymta.config.session import SIZE_LIMIT
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """`octets` 0: none.  `trouble` is the line to log, "" when there is none."""

    octets: int
    trouble: str = ""


def size_limit(value: Value | None) -> SizeLimit:
    """`value` is what is set for the client; None: as if it were not."""
    if isinstance(value, str):
        trouble = f'invalid message_size_limit: want a size such as "50M", not "{value}"'
        return SizeLimit(SIZE_LIMIT, trouble)
    return SizeLimit(SIZE_LIMIT if value is None else value)
