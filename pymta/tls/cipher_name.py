"""The registered name of a cipher suite, which a Received field wants (RFC 8314 s4.3).

OpenSSL has names of its own for everything before TLS 1.3, and Python tells no others.  They are
made of the same parts, in the same order, with a few words left out: an exchange of keys that is
not named is RSA.
"""

from __future__ import annotations

import re

_OLD = re.compile(
    r"(?:(?P<exchange>[A-Z]+(?:-[A-Z]+)*)-)?"
    r"(?P<cipher>AES-?128|AES-?256|CHACHA20-POLY1305)"
    r"(?:-(?P<mode>GCM|CBC))?(?:-(?P<hash>SHA[0-9]*))?"
)
_EXCHANGES = {None: "RSA", "SRP": "SRP_SHA", "SRP-RSA": "SRP_SHA_RSA"}


def standard_name(name: str) -> str:
    """``ECDHE-RSA-AES256-SHA384`` is ``TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384`` in IANA's registry.

    A name that is of neither kind is given back as it is.
    """
    parts = _OLD.fullmatch(name)
    if not parts:
        return name
    said = parts["exchange"]
    exchange = _EXCHANGES.get(said) or said.replace("-", "_")
    cipher = parts["cipher"].replace("-", "_")
    if cipher.startswith("AES"):
        cipher = f"AES_{cipher[-3:]}_{parts['mode'] or 'CBC'}"
    return f"TLS_{exchange}_WITH_{cipher}_{parts['hash'] or 'SHA256'}"
