"""Which certificate is shown to whom: a table by what the client asked for, and where he called.

    mx.example.org      who asks for this name (SNI, RFC 6066 s3)
    *.example.org       who asks for a name with one label more
    192.0.2.1           who called this address of ours
    submissions         who came by a socket of this role
    *                   everybody else

The first of these that there is decides: who asks for a name is to see it wherever he calls.
"""

from __future__ import annotations

from collections.abc import Container

from pymta.dataclass import dataclass

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """Our end of a connection: the address as text, and the role of its listener."""

    address: str = ""
    role: str = ""


NOWHERE = Place()


def which(table: Container[str], name: str, place: Place) -> str:
    """The key of the entry; EVERYBODY is always one.  Keys are in small letters."""
    name = name.lower().removesuffix(".")
    wanted = (name, f"*.{name.partition('.')[2]}", place.address, place.role)
    return next((key for key in wanted if key and key in table), EVERYBODY)
