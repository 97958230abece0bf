"""Names and passwords in the form in which they are compared: SASLprep (RFC 4013).

Strings are taken as queries: code points that Unicode 3.2 did not know yet are allowed, because
people have them in passwords (RFC 3454 s7).  The name of an account is in small letters besides,
those of ASCII alone: whatever else looks like one of them NFKC has made one already.
"""

from __future__ import annotations

import re
import stringprep
from unicodedata import ucd_3_2_0

LONGEST_NAME = 255  # octets; those of a mailbox are 254 (RFC 5321 s4.5.3.1)
LONGEST_PASSWORD = 1024  # octets; what is longer is there to keep a hash busy
# What separates fields in files and in protocols of others, or would look like two words in a log.
_NO_NAME = re.compile(r"[\s:]")
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(text: str) -> str:
    """RFC 4013 s2.  Raises ValueError for what may not stand there."""
    if text.isascii():
        prepared = text
    else:
        mapped = (_mapped(c) for c in text if not stringprep.in_table_b1(c))
        prepared = ucd_3_2_0.normalize("NFKC", "".join(mapped))
    for c in prepared:
        if any(is_prohibited(c) for is_prohibited in _PROHIBITED):
            raise ValueError(f"U+{ord(c):04X} may not stand there")
    _check_direction(prepared)
    return prepared


def prepare_name(text: str) -> str:
    """The name of an account.  Raises ValueError for what is none; see `saslprep`."""
    name = in_small_letters(saslprep(text))
    if not name:
        raise ValueError("a name has at least one character")
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} octets")
    if found := _NO_NAME.search(name):
        raise ValueError(f"U+{ord(found[0]):04X} may not stand in a name")
    return name


def in_small_letters(text: str) -> str:
    return text.translate(_SMALL)


def decode_name(data: bytes) -> str:
    """A name as it came in.  Raises ValueError, also for what is no UTF-8."""
    return prepare_name(data.decode())


def decode_password(data: bytes) -> str:
    """A password as it came in, as it is.  Raises ValueError that tells nothing of it."""
    if not data or len(data) > LONGEST_PASSWORD:
        raise ValueError(f"a password has from 1 to {LONGEST_PASSWORD} octets")
    if b"\0" in data:
        raise ValueError("NUL in a password")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("a password that is no UTF-8") from None


def spellings(password: str) -> tuple[bytes, ...]:
    """The octets that may be what was hashed: prepared as we do it, or not, as others do."""
    try:
        prepared = saslprep(password).encode()
    except ValueError:
        return (password.encode(),)
    return tuple(dict.fromkeys((prepared, password.encode())))


def _mapped(c: str) -> str:
    return " " if stringprep.in_table_c12(c) else c


def _check_direction(text: str) -> None:
    """RFC 3454 s6."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)):
        raise ValueError("writing from left to right and from right to left are mixed")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise ValueError("what is written from right to left has to begin and end so")
