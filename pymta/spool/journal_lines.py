"""The journal of a message, format version 1: bytes to records and back.

    PYMTA-JOURNAL 1
    5b2c01fe {"is":"Deferred","at":1700000000.0,"recipients":[0],"due":...,"why":"..."}
    ...

One record per line, before it the CRC-32 of its JSON.  A line is synced before the next is
begun, so only the last can be torn; it counts as not written, and `good` says where to cut the
file before something is appended.  Anything else that is wrong raises ValueError: a record lost
from the middle would mean mail sent twice or a sender never told.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any

from pymta.spool.json_fields import Fields, to_json
from pymta.spool.outcomes import (
    Deferred,
    Delivered,
    Edited,
    Failed,
    Frozen,
    Held,
    Record,
    Redirected,
    Released,
    Reported,
    Rerouted,
    Thawed,
    Warned,
)
from pymta.spool.record import is_other_version
from pymta.spool.store import NewerFormatError

HEADER = b"PYMTA-JOURNAL 1\n"

KINDS: dict[str, Callable[..., Record]] = {
    kind.__name__: kind
    for kind in (
        Delivered,
        Failed,
        Reported,
        Redirected,
        Deferred,
        Warned,
        Frozen,
        Thawed,
        Held,
        Released,
        Edited,
        Rerouted,
    )
}
_READ: dict[str, Callable[[Fields, str], Any]] = {
    "at": Fields.number,
    "due": Fields.number,
    "warn": Fields.number,
    "recipients": Fields.wholes,
    "to": Fields.wholes,
    "added": Fields.texts,
    "how": Fields.text,
    "why": Fields.text,
    "by": Fields.text,
    "host": Fields.text,
    "report_id": Fields.text,
    "sender": Fields.text,
    "is_limited": Fields.truth,
}


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal says; `good` bytes of it are whole."""

    records: tuple[Record, ...] = ()
    good: int = 0


def encode(record: Record) -> bytes:
    """One line, its end included."""
    members = {name: getattr(record, name) for name in _names(type(record))}
    text = to_json({"is": type(record).__name__} | members)
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def decode(content: bytes) -> Journal:
    """The records of a whole journal file."""
    header, newline, _ = content.partition(b"\n")
    if not newline:  # header and first record are one write: neither is there
        return Journal()
    if header + newline != HEADER:
        if is_other_version(content, HEADER):
            raise NewerFormatError("a journal of an unknown version")
        raise ValueError("not a journal of version 1")
    records: list[Record] = []
    good = len(HEADER)
    while good < len(content):
        end = content.find(b"\n", good)
        record = _decode_line(content[good:end]) if end >= 0 else None
        if record is None:
            if 0 <= end < len(content) - 1 or _has_swallowed(content[good:]):
                raise ValueError(f"record {len(records) + 1} is damaged")
            break
        records.append(record)
        good = end + 1
    return Journal(tuple(records), good)


def _has_swallowed(rest: bytes) -> bool:
    """Is this a whole record whose line end is damaged, and are there more behind it?

    Nothing that was torn looks so, and to take it for torn would lose two records, not one.
    """
    crc, _, text = rest.partition(b" ")
    try:
        _, length = json.JSONDecoder().raw_decode(text.decode("latin-1"))
    except (ValueError, RecursionError):
        return False
    behind = text[length + 1 :].strip(b"\0 \n")
    return bool(behind) and crc == b"%08x" % zlib.crc32(text[:length])


def _decode_line(line: bytes) -> Record | None:
    """None: the line is not what was written.  ValueError: it is, but we do not know it."""
    crc, _, text = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(text):
        return None
    found = Fields.parse(text)
    kind = KINDS.get(found.text("is"))
    if kind is None:
        raise NewerFormatError("a record of an unknown kind")
    return kind(**{name: _READ[name](found, name) for name in _names(kind, found)})


def _names(kind: Any, found: Fields | None = None) -> tuple[str, ...]:
    """All; of those `found` in a line, what may be missing is left out: older lines lack it."""
    return tuple(
        field.name
        for field in fields(kind)
        if found is None or field.default is MISSING or field.name in found
    )
