r"""How an event looks when it leaves us: one safe line, or the fields of a journal entry.

Much of a log line was written by strangers: HELO names, addresses, replies of other hosts.
Nothing of it may end a line, move a cursor or flip the direction of the text, so everything
that does not print stands here as ``\xNN`` or ``\uNNNN``, and a line has a largest size.  Of
the fields of a journal entry a traceback of ours may hold several lines: it is sent with its
length, so a line end in it ends nothing.

Priorities are those of the catalogue (daemon-behaviour.md s3.4): main 6, reject 5, panic 1.  In the
journal an event for several streams is told once, at the most severe of them, and names them all.
"""

from __future__ import annotations

import re
from functools import cache

from pymta.journal.event import Event, Kind, Severity, Stream

IDENTIFIER = "pymta"
LONGEST_LINE = 8000  # bytes; a terminal line and journald's LineMax (48 KiB) both take it whole
LONGEST_FIELD = 256 * 1024  # bytes; room for the recipients of a large message
CUT = " ... [cut]"
PREFIX = "PYMTA_"  # of every journal field that is ours
MAIL_FACILITY = "2"  # LOG_MAIL, so that a classic syslog daemon behind journald sorts it right

_LARGEST_CHARACTER = 4  # bytes of UTF-8
_SEVERITY = {Stream.MAIN: 6, Stream.REJECT: 5, Stream.PANIC: 1}

# C0, DEL, C1, soft hyphen, zero-width and direction marks, line separators, tags, lone
# surrogates (bytes that were not UTF-8), noncharacters.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_WITH_LINES = frozenset({"TRACEBACK"})  # fields that only we write
_UNPRINTABLE_BUT_LAYOUT = re.compile(f"(?![\n\t]){_UNPRINTABLE.pattern}")


def priority(event: Event) -> int:
    """The syslog priority, 0 (worst) to 7."""
    return min(priorities(event))


def priorities(event: Event) -> tuple[int, ...]:
    """One for each of its streams."""
    if event.severity is not None:
        return (event.severity,)
    return tuple(_SEVERITY[stream] for stream in event.streams)


def message(event: Event) -> str:
    """The classic line without its time: ``<id> text``, one line, printable, bounded."""
    text = f"{event.queue_id} {event.text}" if event.queue_id else event.text
    return _bounded(printable(text), LONGEST_LINE)


def prefixed(event: Event) -> bytes:
    """For a stream that journald reads: the priority in front."""
    return f"<{priority(event)}>{message(event)}\n".encode()


def stamped(event: Event, stamp: str) -> bytes:
    """For a terminal or a file: `stamp` is what `pymta.journal.stamp` makes."""
    return f"{stamp} {message(event)}\n".encode()


def entry(event: Event) -> list[tuple[str, str]]:
    """Names and values of a journal entry.

    The names of an event's own fields come from our program, never from outside.
    """
    fields = [("MESSAGE", message(event)), *_alike(event.kind, event.streams, event.severity)]
    if event.queue_id:
        fields.append((f"{PREFIX}QUEUE_ID", printable(event.queue_id)))
    for name, value in event.fields.items():
        texts = value if isinstance(value, tuple) else (value,)
        fields += [(PREFIX + name, _value(text, has_lines=name in _WITH_LINES)) for text in texts]
    return fields


@cache
def _alike(
    kind: Kind, streams: tuple[Stream, ...], severity: Severity | None
) -> tuple[tuple[str, str], ...]:
    """What all entries of a kind have, for the streams that the selectors left them."""
    sample = Event(kind, "", streams=streams, severity=severity)
    fields = {
        "PRIORITY": str(priority(sample)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "SYSLOG_FACILITY": MAIL_FACILITY,
        "MESSAGE_ID": kind.value,
        f"{PREFIX}KIND": kind.name.lower(),
    }
    if streams:
        fields[f"{PREFIX}STREAM"] = ",".join(stream.value for stream in streams)
    return tuple(fields.items())


def printable(text: str) -> str:
    """`text` on one line with everything made visible that would not print.

    Bytes that were decoded with ``surrogateescape`` come out as the bytes they were.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_visible, text)


def _value(text: str, *, has_lines: bool) -> str:
    if text.isascii() and text.isprintable() and len(text) <= LONGEST_FIELD:
        return text
    unprintable = _UNPRINTABLE_BUT_LAYOUT if has_lines else _UNPRINTABLE
    return _bounded(unprintable.sub(_visible, text), LONGEST_FIELD)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _bounded(text: str, limit: int) -> str:
    if len(text) <= limit // _LARGEST_CHARACTER:
        return text
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len(CUT)].decode(errors="ignore") + CUT
