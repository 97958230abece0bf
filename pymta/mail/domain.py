"""Domain names with letters beyond ASCII (RFC 5890): U-labels to A-labels, to compare and to ask.

    bücher.example        as people write it, and as SMTPUTF8 lets it stand in an address
    xn--bcher-kva.example the same name, as the DNS and every older server know it

A name in ASCII is what it is; it is not looked into.  Capitals and other compositions of a letter
are let pass, as people type them.  What would turn into plain ASCII by that, such as the sign for
Kelvin, is refused: it looks like another's name and is none.
"""

from __future__ import annotations

import encodings.punycode  # noqa: F401 - a codec is loaded when it is first used, which is too late
from functools import lru_cache
from unicodedata import normalize

import idna

LONGEST = 253  # octets of a name in ASCII; RFC 1035 s2.3.4 counts length octets too


@lru_cache(maxsize=1024)
def in_ascii(domain: str) -> str | None:
    """The name with A-labels, in small letters; None: it is no such name."""
    if domain.isascii():
        return domain.lower()
    labels = [_a_label(label) for label in domain.split(".")]
    name = ".".join(label for label in labels if label)
    return name if all(labels) and len(name) <= LONGEST else None


def _a_label(label: str) -> str | None:
    if label.isascii():
        return label.lower()
    plain = normalize("NFC", label.lower())
    if plain.isascii():
        return None
    try:
        return idna.alabel(plain).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def key_of_domain(domain: str) -> str:
    """Equal for two ways to write one domain; one that is no name only equals itself."""
    return in_ascii(domain) or domain
