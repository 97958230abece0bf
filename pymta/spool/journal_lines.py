"""The journal of a message, format version 1: bytes to records and back.

    PYMTA-JOURNAL 1
    5b2c01fe {"is":"Deferred","at":1700000000.0,"recipients":[0],"due":...,"why":"..."}
    ...

One record per line, before it the CRC-32 of its JSON; records that are to be there all or not at
all share one, {"is":"Together","records":[...]}.  A line is synced before the next is begun,
so only the last can be torn; it counts as not written, and `good` says where to cut the file before
something is appended.  Anything else that is wrong raises ValueError: a record lost from the middle
would mean mail sent twice or a sender never told.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from pymta.dataclass import dataclass
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
_CRC = 9  # bytes, with the blank behind it
NOTHING = b"\n"  # no JSON begins with it
TOGETHER = "Together"  # no record, but some; a pymta that does not know it refuses the journal

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
class _Members:
    """Of a kind of record: what reads each of them, and whether it must be there."""

    kind: Callable[..., Record]
    names: tuple[str, ...]
    readers: tuple[tuple[str, Callable[[Fields, str], Any], bool], ...]


def _members_of(kind: Any) -> _Members:
    all_fields = fields(kind)
    return _Members(
        kind,
        tuple(field.name for field in all_fields),
        tuple((f.name, _READ[f.name], f.default is MISSING) for f in all_fields),
    )


# Asked of the classes once: a listing of many messages has more records than messages.
_MEMBERS = {name: _members_of(kind) for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Journal:
    """What a journal says; `good` bytes of it are whole."""

    records: tuple[Record, ...] = ()
    good: int = 0


def encode(*records: Record) -> bytes:
    """One line, its end included: all of them or, when it is torn, none."""
    if len(records) == 1:
        text = to_json(_plain(records[0]))
    else:
        text = to_json({"is": TOGETHER, "records": list(map(_plain, records))})
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def decode(content: bytes, *, without: bytes = NOTHING) -> Journal:
    """The records of a whole journal file; none of those whose JSON begins with `without`."""
    if not content.startswith(HEADER):
        if b"\n" not in content:  # header and first record are one write: neither is there
            return Journal()
        if is_other_version(content, HEADER):
            raise NewerFormatError("a journal of an unknown version")
        raise ValueError("not a journal of version 1")
    records: list[Record] = []
    good, number = len(HEADER), 0
    length = len(content)
    while good < length:
        end = content.find(b"\n", good)
        found = _decode_line(content[good:end], without) if end >= 0 else None
        number += 1
        if found is None:
            if 0 <= end < length - 1 or _has_swallowed(content[good:]):
                raise ValueError(f"record {number} is damaged")
            break
        records += found
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


def _plain(record: Record) -> dict[str, Any]:
    name = type(record).__name__
    return {"is": name} | {member: getattr(record, member) for member in _MEMBERS[name].names}


def _decode_line(line: bytes, without: bytes) -> tuple[Record, ...] | None:
    """None: the line is not what was written.  ValueError: it is, but we do not know it."""
    text = line[_CRC:]
    if line[:_CRC] != b"%08x " % zlib.crc32(text):
        return None
    if text.startswith(without):
        return ()
    found = Fields.parse(text)
    if found.text("is") == TOGETHER:
        return tuple(map(_record, found.inners("records")))
    return (_record(found),)


def _record(found: Fields) -> Record:
    """What may be missing is left out: older lines lack it."""
    members = _MEMBERS.get(found.text("is"))
    if members is None:
        raise NewerFormatError("a record of an unknown kind")
    return members.kind(
        **{
            name: read(found, name)
            for name, read, is_needed in members.readers
            if is_needed or name in found
        }
    )
