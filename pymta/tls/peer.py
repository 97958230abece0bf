"""Whom the certificate of a client names, once it was found good (RFC 5280 s4.1.2.6, s4.2.1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pymta.dataclass import dataclass

_SHORT = {  # RFC 4514 s3
    "commonName": "CN",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "domainComponent": "DC",
    "userId": "UID",
}
_MAIL = {"email", "emailAddress"}
LONGEST = 256  # characters of a subject


@dataclass(frozen=True, slots=True)
class Peer:
    """`subject` as a distinguished name, ``CN=alice,O=Example``; `names` are mail addresses first,
    then hosts, then the common name.

    What is in them was signed by somebody whom we trust to know people, not to write clean text.
    """

    subject: str
    names: tuple[str, ...] = ()


def peer(found: dict[str, Any]) -> Peer:
    """`found` is what `ssl` tells of a certificate."""
    subject = list(_attributes(found.get("subject", ())))
    others = [(kind, str(value)) for kind, value in found.get("subjectAltName", ())]
    names = (
        *(value for kind, value in (*others, *subject) if kind in _MAIL),
        *(value for kind, value in others if kind == "DNS"),
        *(value for kind, value in subject if kind == "commonName"),
    )
    text = ",".join(f"{_SHORT.get(kind, kind)}={_escaped(value)}" for kind, value in subject[::-1])
    return Peer(text[:LONGEST], tuple(dict.fromkeys(names)))


def _attributes(subject: Any) -> Iterator[tuple[str, str]]:
    for group in subject:
        for kind, value in group:
            yield kind, str(value)


def _escaped(value: str) -> str:
    """RFC 4514 s2.4: so that nobody names himself ``x,O=Somebody Else``."""
    return "".join(f"\\{letter}" if letter in ',+"\\<>;=' else letter for letter in value)
