"""Tables that are databases: how each is reached, and what it is asked.

    [tables.people]
    type = "sqlite"
    file = "/srv/mail/people.sqlite"
    query = "SELECT target FROM aliases WHERE address = :key"

In a query, and in the filter of a directory, ``:key`` stands for what is looked up, as
``alice@example.org``, and ``:local_part`` and ``:domain`` for its parts.  They are given to the
database beside the query, or escaped, so what a stranger writes into an address is never part of
it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymta.config.duration import parse_duration

SQLITE = "sqlite"
TYPES = (SQLITE,)
VALUES = ("key", "local_part", "domain")  # what a query may ask with
# Not behind a colon or a word: x::text and a[1:n] are SQL.
PLACEHOLDER = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
LONGEST_QUERY = 10_000  # characters
LONGEST_TIMEOUT = 60  # seconds; the client waits meanwhile
DEFAULT_TIMEOUT = 5
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Place = tuple[str | int, ...]  # below the setting, as `pymta.config.place` has it
Databases = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DatabaseTables:
    """Marks tables by name; what is in them `faults` judges, so that each mistake is told."""

    def read(self, value: object) -> object:
        if isinstance(value, dict) and all(isinstance(table, dict) for table in value.values()):
            return value
        raise ValueError("want tables such as [tables.people]")


@dataclass(frozen=True, slots=True)
class Option:
    """`check` raises ValueError; `types` are those that have it, `needed` those that must."""

    meaning: str
    check: Callable[[str], object]
    types: tuple[str, ...] = TYPES
    needed: tuple[str, ...] = ()


def timeout_of(table: Mapping[str, Any], key: str) -> int:
    """Seconds."""
    return parse_duration(table[key]) if key in table else DEFAULT_TIMEOUT


def faults(tables: Databases) -> Iterator[tuple[Place, object, str]]:
    """Where a mistake is, the value there, and what would be right."""
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            yield (name,), name, "want a name of at most 64 of a-z, 0-9, _ and -"
        for place, value, wanted in _faults_of(table):
            yield (name, *place), value, wanted


def name_of_place(place: Place) -> str:
    """As an operator finds it: ``tables.people.query``."""
    return ".".join(("tables", *(part for part in place if isinstance(part, str))))


def _faults_of(table: Mapping[str, Any]) -> Iterator[tuple[Place, object, str]]:
    type_ = table.get("type")
    if type_ not in TYPES:
        place = ("type",) if "type" in table else ()
        yield place, table.get("type", ""), f"want type = {_quoted(TYPES)}"
        return
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None or type_ not in option.types:
            yield (key,), "", _unknown(key, type_)
        elif not isinstance(value, str):
            yield (key,), value, "want a text in quotes"
        elif wanted := _said(option.check, value):
            yield (key,), value, wanted
    for key, option in OPTIONS.items():
        if type_ in option.needed and key not in table:
            yield (), "", f"want {key} as well: {option.meaning}"


def _unknown(key: str, type_: str) -> str:
    known = [name for name, option in OPTIONS.items() if type_ in option.types]
    if key in OPTIONS:
        return f"a table of type {type_} has no such key; there are {', '.join(known)}"
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.7)
    if close:
        return f"no such key; did you mean {close[0]}?"
    return f"no such key; there are {', '.join(known)}"


def _said(check: Callable[[str], object], text: str) -> str:
    try:
        check(text)
    except ValueError as error:
        return str(error)
    return ""


def _quoted(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _check_type(_: str) -> None:
    """It was looked at first."""


def _check_file(text: str) -> None:
    if not (text.startswith("/") and text.isprintable() and not text.endswith("/")):
        raise ValueError('want an absolute path of a file, such as "/srv/mail/people.sqlite"')


def _check_query(text: str) -> None:
    named = set(PLACEHOLDER.findall(text))
    if wrong := named - set(VALUES):
        raise ValueError(f"no such value :{min(wrong)}; there are :{', :'.join(VALUES)}")
    if not named:
        raise ValueError("want :key in it, or :local_part and :domain: what is looked up?")
    if len(text) > LONGEST_QUERY or "\0" in text:
        raise ValueError(f"want at most {LONGEST_QUERY} characters, and no NUL")


def _check_timeout(text: str) -> None:
    if not 1 <= parse_duration(text) <= LONGEST_TIMEOUT:
        raise ValueError(f'want a time from "1s" to "{LONGEST_TIMEOUT}s"')


OPTIONS: Mapping[str, Option] = {
    "type": Option(_quoted(TYPES), _check_type, needed=TYPES),
    "file": Option(
        "the absolute path of the file, which is only read", _check_file, (SQLITE,), (SQLITE,)
    ),
    "query": Option(
        "the SELECT that finds what stands behind :key; the first column of each row counts, NULL"
        " says nothing, and several rows are several targets",
        _check_query,
        (SQLITE,),
        (SQLITE,),
    ),
    "query_timeout": Option(
        'how long one question may take, such as "10s"; 5s where nothing is said', _check_timeout
    ),
}
