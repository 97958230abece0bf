"""Parts of a classic line, as its selectors want them (N-39)."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header

from pymta.config.duration import format_duration

PRECISE_BELOW = 5.0  # seconds
LONGEST_SUBJECT = 100  # characters, as the classic daemon has it

Selected = frozenset[str]


def elapsed(seconds: float, on: Selected) -> str:
    """A time that something took: ``1m30s``, or with `millisec` ``0.304s`` while it is short."""
    seconds = max(0.0, seconds)  # the clock may have been set back meanwhile
    if "millisec" in on and seconds < PRECISE_BELOW:
        return f"{seconds:.3f}s"
    return format_duration(seconds)


def quoted(text: str) -> str:
    """In double quotes, with a backslash before those and before backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def subject(field: bytes) -> str:
    """The value of a Subject field with its encoded words decoded (RFC 2047).

    Words that make no sense stay as they are.
    """
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
