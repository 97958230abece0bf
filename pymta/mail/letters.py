"""Letter case of local parts that may have letters beyond ASCII (RFC 6531 s3.3).

Unicode has signs whose small letter is one of ASCII (Kelvin), and others that look alike.  Nobody
must get mail of a mailbox in plain letters by writing one of those, so what is not ASCII stays
apart from what is.
"""

from __future__ import annotations

from unicodedata import category, normalize

_NEVER = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, ends of lines


def small(text: str) -> str:
    """In small letters and one composition, for comparing."""
    if text.isascii():
        return text.lower()
    made = normalize("NFC", text).lower()
    return text if made.isascii() else made


def is_safe(text: str) -> bool:
    """Can it stand in a header line?  Looks at what is not ASCII; the rest is grammar's affair."""
    return text.isascii() or not any(
        category(c) in _NEVER or _is_no_character(c) for c in text if c > "\x7f"
    )


def _is_no_character(c: str) -> bool:
    code = ord(c)
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
