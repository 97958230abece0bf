"""The text of an unstructured header field, such as Subject, as people read it (RFC 2047)."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header


def text_of(field: bytes) -> str:
    """The value with its encoded words decoded; where they make no sense, as it came."""
    text = field.decode("utf-8", "surrogateescape").strip()
    try:
        parts = [_decoded(word, charset) for word, charset in decode_header(text)]
    except (HeaderParseError, LookupError, ValueError):
        return text
    return "".join(parts)


def _decoded(word: bytes | str, charset: str | None) -> str:
    """Raises LookupError for a character set that nobody knows."""
    if isinstance(word, str):
        return word
    # Between encoded words the library gives what is not ASCII in this form.
    return word.decode(charset, "replace") if charset else word.decode("raw-unicode-escape")
